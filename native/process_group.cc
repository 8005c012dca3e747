#include "process_group.h"

#ifdef GILLNET_C10D

#include <ATen/ATen.h>
#include <c10/util/Logging.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <future>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <utility>

#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "cuda/library.h"

namespace gillnet {

namespace {

using StorePointer = c10::intrusive_ptr<c10d::Store>;
using Clock = std::chrono::steady_clock;

/// Between two signs of life of a rank.
constexpr std::chrono::milliseconds kBeat(1000);
/// For the connections to end.
constexpr std::chrono::milliseconds kParting(500);
/// For the others' signs of life once an operation has failed: who gives none is lost.
constexpr std::chrono::seconds kRollCall(4);

std::vector<std::uint8_t> BytesOf(const std::string& text) { return {text.begin(), text.end()}; }

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

/// The address of this machine that a connection to the store has: the one that the other ranks reach, too.
std::string AddressTowards(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return "";
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, freeaddrinfo);
  for (const addrinfo* each = found; each; each = each->ai_next) {
    const int descriptor = socket(each->ai_family, each->ai_socktype, each->ai_protocol);
    if (descriptor < 0) continue;
    sockaddr_storage own{};
    socklen_t length = sizeof(own);
    char name[NI_MAXHOST];
    // Of a datagram's socket: nothing is sent.
    const bool known = connect(descriptor, each->ai_addr, each->ai_addrlen) == 0 &&
                       getsockname(descriptor, reinterpret_cast<sockaddr*>(&own), &length) == 0 &&
                       getnameinfo(reinterpret_cast<sockaddr*>(&own), length, name, sizeof(name), nullptr, 0,
                                   NI_NUMERICHOST) == 0;
    close(descriptor);
    if (known) return name;
  }
  return "";
}

/// Without what c10d adds of its own source's place and of a backtrace.
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

/// What `work` gives. c10d's client waits for a host that has vanished until TCP gives up, after a quarter of an hour: so the
/// work is left to itself then, and has to hold all that it uses.
template <typename Work>
auto Within(std::chrono::milliseconds limit, Work work) -> decltype(work()) {
  auto task = std::make_shared<std::packaged_task<decltype(work())()>>(std::move(work));
  auto result = task->get_future();
  std::thread thread([task] { (*task)(); });
  if (result.wait_for(limit) != std::future_status::ready) {
    thread.detach();
    throw std::runtime_error("No answer within " + std::to_string(limit.count()) + " ms");
  }
  thread.join();
  return result.get();
}

/// Says at intervals that this process lives, by a connection of its own: the engine may be busy for minutes.
class Beat {
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

}  // namespace

struct ProcessGroup::Parts {
  explicit Parts(const Rendezvous& given) : at(given) {
    // c10d warns of addresses without a name, which are the rule between containers; what fails is thrown.
    setenv("TORCH_CPP_LOG_LEVEL", "ERROR", /*overwrite=*/0);
    c10::initLogging();
    try {
      store = StoreAt(at, at.hosts);
      beat = std::make_unique<Beat>(at);
    } catch (const std::exception& error) {
      const std::string place = at.host + ":" + std::to_string(at.port);
      throw Failure("RANK_LOST", at.hosts
                                     ? "The ranks can't meet at " + place + ": " + MessageOf(error)
                                     : "Rank 0 does not answer at " + place + ": " + MessageOf(error));
    }
  }

  /// What `work` gives of the store, which is not asked again once it has not answered.
  template <typename Work>
  auto Asked(Work work) -> decltype(work(std::declval<c10d::Store&>())) {
    if (gone) throw std::runtime_error("The store has gone");
    try {
      return Within(patience, [store = store, work = std::move(work)] { return work(*store); });
    } catch (const std::exception&) {
      gone = true;
      throw;
    }
  }

  std::optional<std::string> ValueOf(const std::string& key) {
    return Asked([key](c10d::Store& store) -> std::optional<std::string> {
      if (!store.check({key})) return std::nullopt;
      const std::vector<std::uint8_t> value = store.get(key);
      return std::string(value.begin(), value.end());
    });
  }

  void Set(const std::string& key, const std::string& value) {
    Asked([key, value](c10d::Store& store) { store.set(key, BytesOf(value)); });
  }

  std::string NameOf(int rank) {
    const std::string number = std::to_string(rank);
    const auto name = ValueOf("joined/" + number);
    return "Rank " + number + (name ? " (" + *name + ")" : "");
  }

  /// Ends the connections, so that the ranks that wait for this one are told, and finds out who has gone.
  Failure Lost(const std::string& message) {
    Disconnect();
    patience = std::min<std::chrono::milliseconds>(patience, 2 * kRollCall);
    const std::string seconds = std::to_string((at.timeout.count() + 999) / 1000) + " s";
    const std::string suffix = " (" + message + "; the time-out is " + seconds + ")";
    try {
      SayEnded("");
      const auto until = Clock::now() + kRollCall;
      std::vector<std::optional<std::string>> beats;
      for (int rank = 0; rank < at.size; ++rank) beats.push_back(ValueOf("beat/" + std::to_string(rank)));
      std::vector<int> silent(beats.size());
      std::iota(silent.begin(), silent.end(), 0);
      do {
        std::vector<int> still;
        for (const int rank : silent) {
          const std::string number = std::to_string(rank);
          const auto reason = ValueOf("ended/" + number);
          if (reason && !reason->empty() && rank != at.rank) {
            return Failure("RANK_LOST", NameOf(rank) + " of " + std::to_string(at.size) + " has failed: " + *reason);
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
      return Failure("RANK_LOST", names + " of " + std::to_string(at.size) +
                                      (silent.size() > 1 ? " have gone or do not answer" : " has gone or does not answer") +
                                      suffix);
    } catch (const std::exception&) {
      return Failure("RANK_LOST", "Rank 0 of " + std::to_string(at.size) + " has gone or does not answer: it, or its launcher, " +
                                      "holds the store at " + at.host + ":" + std::to_string(at.port) + suffix);
    }
  }

  /// What `work` gives; an exception that is no Failure as that of a rank that is lost.
  template <typename Work>
  auto Told(Work work) -> decltype(work()) {
    try {
      return work();
    } catch (const Failure&) {
      throw;
    } catch (const std::exception& error) {
      // What cards exchange would wait for the rank that is lost, and all that they are given behind it.
      if (cards) cards->Abort();
      throw Lost(MessageOf(error));
    }
  }

  c10d::ProcessGroupGloo& Group() {
    if (!gloo) throw Failure("RANK_LOST", "The connections between the ranks have ended");
    return *gloo;
  }

  CardGroup& Cards() {
    if (!cards) cards = Cuda().Join(*store, at.rank, at.size, at.timeout);
    return *cards;
  }

  /// Ends the connections.
  void End() {
    if (cards) cards->Abort();
    cards.reset();
    Disconnect();
  }

  /// Says why this rank has ended, which stays with the first reason: none where it has lost another.
  void SayEnded(const std::string& reason) {
    const std::string key = "ended/" + std::to_string(at.rank);
    if (!ValueOf(key)) Set(key, reason);
  }

  /// What is under way in gloo holds up the end of its connections, and at times misses that the other end has closed: it is
  /// then left to its time-out.
  void Disconnect() {
    if (!gloo) return;
    try {
      Within(kParting, [held = std::move(gloo)]() mutable { held.reset(); });
    } catch (const std::exception&) {
    }
  }

  Rendezvous at;
  /// For the store to answer.
  std::chrono::milliseconds patience = at.timeout;
  StorePointer store;
  /// Whether the store has failed.
  bool gone = false;
  std::unique_ptr<Beat> beat;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;
  /// Of tensors on cards; from the first one on.
  std::unique_ptr<CardGroup> cards;
};

bool ProcessGroup::IsAvailable() { return true; }

ProcessGroup::ProcessGroup(const Rendezvous& rendezvous) : parts_(std::make_unique<Parts>(rendezvous)) {}

ProcessGroup::~ProcessGroup() {
  parts_->End();
  parts_->beat.reset();
}

int ProcessGroup::rank() const { return parts_->at.rank; }

int ProcessGroup::size() const { return parts_->at.size; }

void ProcessGroup::Put(const std::string& key, const std::string& value) {
  parts_->Told([&] { parts_->Set(key, value); });
}

std::optional<std::string> ProcessGroup::Look(const std::string& key) {
  return parts_->Told([&] { return parts_->ValueOf(key); });
}

void ProcessGroup::Connect() {
  const Rendezvous& at = parts_->at;
  parts_->Told([&] {
    using Gloo = c10d::ProcessGroupGloo;
    const auto options = Gloo::Options::create(at.timeout);
    const std::string address = AddressTowards(at.host, at.port);
    options->devices.push_back(!at.interface.empty() ? Gloo::createDeviceForInterface(at.interface)
                               : address.empty()     ? Gloo::createDefaultDevice()
                                                     : Gloo::createDeviceForHostname(address));
    parts_->gloo = c10::make_intrusive<Gloo>(parts_->store, at.rank, at.size, options);
  });
}

std::unique_ptr<ProcessGroup::Pending> ProcessGroup::AllReduce(const at::Tensor& tensor) {
  using Work = decltype(std::declval<c10d::ProcessGroupGloo&>().allreduce(std::declval<std::vector<at::Tensor>&>()));
  struct Reducing final : Pending {
    Reducing(Parts& parts, Work work) : parts(parts), work(std::move(work)) {}
    void Wait() override {
      parts.Told([&] { work->wait(); });
    }
    Parts& parts;
    Work work;
  };
  c10d::ProcessGroupGloo& group = parts_->Group();
  if (tensor.is_cuda()) return parts_->Told([&] { return parts_->Cards().AllReduce(tensor); });
  std::vector<at::Tensor> tensors{tensor};
  return parts_->Told([&] { return std::make_unique<Reducing>(*parts_, group.allreduce(tensors)); });
}

void ProcessGroup::Broadcast(const at::Tensor& tensor) {
  c10d::ProcessGroupGloo& group = parts_->Group();
  std::vector<at::Tensor> tensors{tensor};
  parts_->Told([&] { group.broadcast(tensors)->wait(); });
}

std::string ProcessGroup::Broadcast(const std::string& bytes) {
  at::Tensor length = at::full({1}, static_cast<std::int64_t>(bytes.size()), at::TensorOptions(at::kLong));
  Broadcast(length);
  std::string received = rank() == 0 ? bytes : "";
  received.resize(static_cast<std::size_t>(length.item<std::int64_t>()));
  if (received.empty()) return received;
  Broadcast(at::from_blob(received.data(), {static_cast<std::int64_t>(received.size())}, at::kByte));
  return received;
}

std::vector<std::string> ProcessGroup::AllGather(const std::string& bytes) {
  c10d::ProcessGroupGloo& group = parts_->Group();
  const auto gather = [&](const at::Tensor& own) {
    std::vector<at::Tensor> inputs{own};
    std::vector<std::vector<at::Tensor>> outputs(1);
    for (int rank = 0; rank < size(); ++rank) outputs[0].push_back(at::empty_like(own));
    parts_->Told([&] { group.allgather(outputs, inputs)->wait(); });
    return outputs[0];
  };
  const auto own_length = static_cast<std::int64_t>(bytes.size());
  std::vector<std::int64_t> lengths;
  for (const at::Tensor& length : gather(at::full({1}, own_length, at::TensorOptions(at::kLong)))) {
    lengths.push_back(length.item<std::int64_t>());
  }
  const std::int64_t longest = *std::max_element(lengths.begin(), lengths.end());
  if (longest == 0) return std::vector<std::string>(lengths.size());
  const at::Tensor own = at::zeros({longest}, at::TensorOptions(at::kByte));
  std::memcpy(own.data_ptr(), bytes.data(), bytes.size());
  std::vector<std::string> all;
  for (const at::Tensor& each : gather(own)) {
    all.emplace_back(static_cast<const char*>(each.data_ptr()), static_cast<std::size_t>(lengths[all.size()]));
  }
  return all;
}

void ProcessGroup::Fail(const std::string& reason) {
  try {
    parts_->SayEnded(reason);
  } catch (const std::exception&) {
    // The store has gone, and with it whoever would have read this.
  }
  parts_->End();
}

}  // namespace gillnet

#else

namespace gillnet {

struct ProcessGroup::Parts {};

bool ProcessGroup::IsAvailable() { return false; }

ProcessGroup::ProcessGroup(const Rendezvous&) {
  throw Failure("INVALID_ARGUMENT", "This LibTorch was built without c10d and Gloo, by which several ranks train together");
}
ProcessGroup::~ProcessGroup() = default;

// None of these is reached without an object.
int ProcessGroup::rank() const { return 0; }
int ProcessGroup::size() const { return 1; }
void ProcessGroup::Put(const std::string&, const std::string&) {}
std::optional<std::string> ProcessGroup::Look(const std::string&) { return std::nullopt; }
void ProcessGroup::Connect() {}
std::unique_ptr<ProcessGroup::Pending> ProcessGroup::AllReduce(const at::Tensor&) { return nullptr; }
void ProcessGroup::Broadcast(const at::Tensor&) {}
std::string ProcessGroup::Broadcast(const std::string& bytes) { return bytes; }
std::vector<std::string> ProcessGroup::AllGather(const std::string& bytes) { return {bytes}; }
void ProcessGroup::Fail(const std::string&) {}

}  // namespace gillnet

#endif
