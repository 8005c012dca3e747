#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace gloo {
namespace rendezvous {

/// The base of c10d's GlooStore, which is never made or called here: its functions need to be there to be overridden.
class Store {
 public:
  /// 1.13's header names it.
  static constexpr std::chrono::milliseconds kDefaultTimeout{30000};

  virtual ~Store();
  virtual void set(const std::string& key, const std::vector<char>& value) = 0;
  virtual std::vector<char> get(const std::string& key) = 0;
  virtual void wait(const std::vector<std::string>& keys) = 0;
  virtual void wait(const std::vector<std::string>& keys, const std::chrono::milliseconds& timeout) = 0;
};

}  // namespace rendezvous
}  // namespace gloo
