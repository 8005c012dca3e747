#pragma once

namespace gillnet::terminal {

/// Descriptors 1 and 2, as far as they are a terminal, write into `file` from here on, and a crash gives
/// the terminal back. `drawn` is JavaScript's own descriptor of the terminal, which stays.
/// Returns 0, or the `errno` for which nothing has changed.
int Hold(int file, int drawn);

/// Puts all back as it was before `Hold`; idempotent.
void Release();

}  // namespace gillnet::terminal
