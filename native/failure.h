#pragma once

#include <stdexcept>
#include <string>

namespace gillnet {

/// A failure that JavaScript receives as an Error with this `code`; the codes stand in lib/errors.ts.
class Failure : public std::runtime_error {
 public:
  Failure(const char* code, const std::string& message) : std::runtime_error(message), code_(code) {}

  const char* code() const { return code_; }

 private:
  const char* code_;
};

inline Failure InvalidArgument(const std::string& message) { return Failure("INVALID_ARGUMENT", message); }

}  // namespace gillnet
