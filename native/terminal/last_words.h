#pragma once

#include <termios.h>

#include <cstdint>
#include <string_view>

namespace gillnet::terminal {

/// What a crash finds: open descriptors, and the terminal's modes as they were before anything drew.
struct Scene {
  int terminal;
  /// Where output went instead of the terminal.
  int file;
  /// JavaScript's own descriptor of the terminal.
  int drawn;
  termios modes;
};

/// What a crash writes: a sequence that gives the screen back, and words below the file's end. What is
/// longer than 64 and 1,000 bytes is cut off. May be called at any time.
void SetLastWords(std::string_view restore, std::string_view farewell);

/// How many of the file's bytes a person has seen.
void SetTold(std::int64_t bytes);

/// Gives the terminal back and says all that. Async-signal-safe.
void WriteLastWords(const Scene& scene);

}  // namespace gillnet::terminal
