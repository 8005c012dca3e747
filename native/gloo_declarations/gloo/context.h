#pragma once

#include <chrono>

namespace gloo {

/// Held by pointers alone. c10d's header calls this one function inline.
class Context {
 public:
  void setTimeout(std::chrono::milliseconds timeout);
};

}  // namespace gloo
