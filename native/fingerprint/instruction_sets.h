#pragma once

// Brings __GLIBC__.
#include <cstddef>

/// A function compiled for each of x86-64's levels, of which the processor's own is taken when the addon is loaded. All
/// give the same values, as no multiplication and addition are made one operation (CMakeLists.txt).
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define GILLNET_ALL_LEVELS __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define GILLNET_ALL_LEVELS
#endif
