#pragma once

// Sums stay in registers only where each loop over them is unrolled.
#if defined(__clang__)
#define GILLNET_UNROLL _Pragma("unroll")
#else
#define GILLNET_UNROLL _Pragma("GCC unroll 16")
#endif
