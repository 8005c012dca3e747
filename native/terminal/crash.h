#pragma once

#include "last_words.h"

namespace gillnet::terminal {

/// From here on a signal that ends the process gives the terminal back first: it writes the last words,
/// with the end of the file between them. Core dumps and exit signals stay as they are.
void WatchForCrashes(const Scene& scene);

/// Puts back the handlers that were there before; idempotent.
void UnwatchCrashes();

}  // namespace gillnet::terminal
