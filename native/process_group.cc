#include "process_group.h"

#ifdef GILLNET_C10D

#include <ATen/ATen.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include "cuda/library.h"
#include "rank_store.h"
#include "within.h"

namespace gillnet {

namespace {

/// For the connections to end.
constexpr std::chrono::milliseconds kParting(500);

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
    const bool known =
        connect(descriptor, each->ai_addr, each->ai_addrlen) == 0 &&
        getsockname(descriptor, reinterpret_cast<sockaddr*>(&own), &length) == 0 &&
        getnameinfo(reinterpret_cast<sockaddr*>(&own), length, name, sizeof(name), nullptr, 0, NI_NUMERICHOST) == 0;
    close(descriptor);
    if (known) return name;
  }
  return "";
}

}  // namespace

struct ProcessGroup::Parts {
  explicit Parts(const Rendezvous& given) : at(given), store(given) {}

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
      // So that the ranks that wait for this one are told.
      Disconnect();
      throw store.Lost(MessageOf(error));
    }
  }

  c10d::ProcessGroupGloo& Group() {
    if (!gloo) throw Failure("RANK_LOST", "The connections between the ranks have ended");
    return *gloo;
  }

  CardGroup& Cards() {
    if (!cards) cards = Cuda().Join(*store.c10d_store(), at.rank, at.size, at.timeout);
    return *cards;
  }

  /// Ends the connections.
  void End() {
    if (cards) cards->Abort();
    cards.reset();
    Disconnect();
  }

  /// What is under way in gloo holds up the end of its connections, and at times misses that the other end has closed:
  /// it is then left to its time-out.
  void Disconnect() {
    if (!gloo) return;
    try {
      Within(kParting, [held = std::move(gloo)]() mutable { held.reset(); });
    } catch (const std::exception&) {
    }
  }

  Rendezvous at;
  RankStore store;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;
  /// Of tensors on cards; from the first one on.
  std::unique_ptr<CardGroup> cards;
};

bool ProcessGroup::IsAvailable() { return true; }

ProcessGroup::ProcessGroup(const Rendezvous& rendezvous) : parts_(std::make_unique<Parts>(rendezvous)) {}

ProcessGroup::~ProcessGroup() { parts_->End(); }

int ProcessGroup::rank() const { return parts_->at.rank; }

int ProcessGroup::size() const { return parts_->at.size; }

void ProcessGroup::Put(const std::string& key, const std::string& value) {
  parts_->Told([&] { parts_->store.Set(key, value); });
}

std::optional<std::string> ProcessGroup::Look(const std::string& key) {
  return parts_->Told([&] { return parts_->store.ValueOf(key); });
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
    parts_->gloo = c10::make_intrusive<Gloo>(parts_->store.c10d_store(), at.rank, at.size, options);
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
    parts_->store.SayEnded(reason);
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
  throw Failure("INVALID_ARGUMENT",
                "This LibTorch was built without c10d and Gloo, by which several ranks train together");
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
