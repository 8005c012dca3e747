#include "rank_store.h"

#include <c10/util/Logging.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

namespace gillnet {

namespace {

using StorePointer = c10::intrusive_ptr<c10d::Store>;
using Clock = std::chrono::steady_clock;

/// Between two signs of life of a rank.
constexpr std::chrono::milliseconds kBeat(1000);
/// For the others' signs of life once an operation has failed: who gives none is lost.
constexpr std::chrono::seconds kRollCall(4);

/// Node exports its own libuv, which LibTorch's server would call in place of the one that it was built with.
template <typename Options>
auto LeaveLibUv(Options& options, int) -> decltype(void(options.useLibUV)) {
  options.useLibUV = false;
}
/// 1.13 has none.
template <typename Options>
void LeaveLibUv(Options&, long) {}

/// @param hosts whether to open the store, or to go to one
StorePointer StoreAt(const Rendezvous& at, bool hosts) {
  c10d::TCPStoreOptions options;
  options.port = at.port;
  options.isServer = hosts;
  options.waitWorkers = false;
  options.timeout = at.timeout;
  LeaveLibUv(options, 0);
  auto store = c10::make_intrusive<c10d::TCPStore>(at.host, options);
  store->setTimeout(at.timeout);
  return c10::make_intrusive<c10d::PrefixStore>(at.prefix, store);
}

}  // namespace

std::string MessageOf(const std::exception& error) {
  const auto* known = dynamic_cast<const c10::Error*>(&error);
  std::string message = known ? known->what_without_backtrace() : error.what();
  message = message.substr(0, message.find('\n'));
  if (!message.empty() && message.front() == '[') {
    const std::size_t end = message.find("] ");
    if (end != std::string::npos) message.erase(0, end + 2);
  }
  message = message.substr(0, message.find(". This is typically caused"));
  while (!message.empty() && message.back() == '.') message.pop_back();
  return message;
}

/// Says at intervals that this process lives, by a connection of its own: the engine may be busy for minutes.
class RankStore::Beat {
 public:
  explicit Beat(const Rendezvous& at) {
    const std::string key = "beat/" + std::to_string(at.rank);
    const auto interval = std::min(kBeat, at.timeout / 4);
    std::thread([state = state_, store = StoreAt(at, /*hosts=*/false), key, interval] {
      std::unique_lock<std::mutex> lock(state->mutex);
      while (!state->ending) {
        lock.unlock();
        try {
          store->add(key, 1);
        } catch (const std::exception&) {
          // A store that has gone: whoever asks it next is told.
          lock.lock();
          break;
        }
        lock.lock();
        state->changed.wait_for(lock, interval, [&] { return state->ending; });
      }
      state->ended = true;
      state->changed.notify_all();
    }).detach();
  }

  /// Waits for the beat under way, unless its store has vanished.
  ~Beat() {
    std::unique_lock<std::mutex> lock(state_->mutex);
    state_->ending = true;
    state_->changed.notify_all();
    state_->changed.wait_for(lock, kBeat, [this] { return state_->ended; });
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool ending = false, ended = false;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

RankStore::RankStore(const Rendezvous& rendezvous) : at_(rendezvous), patience_(rendezvous.timeout) {
  // c10d warns of addresses without a name, which are the rule between containers; what fails is thrown.
  setenv("TORCH_CPP_LOG_LEVEL", "ERROR", /*overwrite=*/0);
  c10::initLogging();
  try {
    store_ = StoreAt(at_, at_.hosts);
    beat_ = std::make_unique<Beat>(at_);
  } catch (const std::exception& error) {
    const std::string place = at_.host + ":" + std::to_string(at_.port);
    throw Failure("RANK_LOST", at_.hosts ? "The ranks can't meet at " + place + ": " + MessageOf(error)
                                         : "Rank 0 does not answer at " + place + ": " + MessageOf(error));
  }
}

RankStore::~RankStore() = default;

/// What `work` gives of the store. c10d's client waits for a host that has vanished until TCP gives up, after a quarter
/// of an hour.
template <typename Work>
auto RankStore::Asked(Work work) -> decltype(work(std::declval<c10d::Store&>())) {
  if (gone_) throw std::runtime_error("The store has gone");
  try {
    return Within(patience_, [store = store_, work = std::move(work)] { return work(*store); });
  } catch (const std::exception&) {
    gone_ = true;
    throw;
  }
}

std::optional<std::string> RankStore::ValueOf(const std::string& key) {
  return Asked([key](c10d::Store& store) -> std::optional<std::string> {
    if (!store.check({key})) return std::nullopt;
    return store.get_to_str(key);
  });
}

void RankStore::Set(const std::string& key, const std::string& value) {
  Asked([key, value](c10d::Store& store) { store.set(key, value); });
}

std::string RankStore::NameOf(int rank) {
  const std::string number = std::to_string(rank);
  const auto name = ValueOf("joined/" + number);
  return "Rank " + number + (name ? " (" + *name + ")" : "");
}

void RankStore::SayEnded(const std::string& reason) {
  const std::string key = "ended/" + std::to_string(at_.rank);
  if (!ValueOf(key)) Set(key, reason);
}

Failure RankStore::Lost(const std::string& message) {
  patience_ = std::min<std::chrono::milliseconds>(patience_, 2 * kRollCall);
  const std::string seconds = std::to_string((at_.timeout.count() + 999) / 1000) + " s";
  const std::string suffix = " (" + message + "; the time-out is " + seconds + ")";
  try {
    SayEnded("");
    const auto until = Clock::now() + kRollCall;
    std::vector<std::optional<std::string>> beats;
    for (int rank = 0; rank < at_.size; ++rank) beats.push_back(ValueOf("beat/" + std::to_string(rank)));
    std::vector<int> silent(beats.size());
    std::iota(silent.begin(), silent.end(), 0);
    do {
      std::vector<int> still;
      for (const int rank : silent) {
        const std::string number = std::to_string(rank);
        const auto reason = ValueOf("ended/" + number);
        if (reason && !reason->empty() && rank != at_.rank) {
          return Failure("RANK_LOST", NameOf(rank) + " of " + std::to_string(at_.size) + " has failed: " + *reason);
        }
        // One that lives may still be computing.
        if (!reason && ValueOf("beat/" + number) == beats[static_cast<std::size_t>(rank)]) still.push_back(rank);
      }
      silent = still;
      if (silent.empty()) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    } while (Clock::now() < until);
    if (silent.empty()) return Failure("RANK_LOST", "The connection between the ranks was lost" + suffix);
    std::string names;
    for (const int rank : silent) names += (names.empty() ? "" : " and ") + NameOf(rank);
    return Failure("RANK_LOST",
                   names + " of " + std::to_string(at_.size) +
                       (silent.size() > 1 ? " have gone or do not answer" : " has gone or does not answer") + suffix);
  } catch (const std::exception&) {
    return Failure("RANK_LOST", "Rank 0 of " + std::to_string(at_.size) +
                                    " has gone or does not answer: it, or its launcher, " + "holds the store at " +
                                    at_.host + ":" + std::to_string(at_.port) + suffix);
  }
}

}  // namespace gillnet
