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

auto DeviceOf(const std::string& interface) {
  try {
    return c10d::ProcessGroupGloo::createDeviceForInterface(interface);
  } catch (const std::exception& error) {
    throw InvalidArgument("GLOO_SOCKET_IFNAME is " + interface + ", and the ranks can't go by that (" + error.what() +
                          "); expected one network's name, as `ip link` has it, or nothing");
  }
}

class Gloo final : public ProcessGroup {
 public:
  explicit Gloo(const Rendezvous& at) : at_(at), store_(at) {}

  ~Gloo() override { End(); }

  void Put(const std::string& key, const std::string& value) override {
    Told([&] { store_.Set(key, value); });
  }

  std::optional<std::string> Look(const std::string& key) override {
    return Told([&] { return store_.ValueOf(key); });
  }

  void Connect() override {
    Told([&] {
      using C10d = c10d::ProcessGroupGloo;
      const auto options = C10d::Options::create(at_.timeout);
      const std::string address = AddressTowards(at_.host, at_.port);
      options->devices.push_back(!at_.interface.empty() ? DeviceOf(at_.interface)
                                 : address.empty()      ? C10d::createDefaultDevice()
                                                        : C10d::createDeviceForHostname(address));
      group_ = c10::make_intrusive<C10d>(store_.c10d_store(), at_.rank, at_.size, options);
    });
  }

  std::unique_ptr<Pending> AllReduce(const at::Tensor& tensor) override {
    c10d::ProcessGroupGloo& group = Group();
    if (tensor.is_cuda()) return Told([&] { return Cards().AllReduce(tensor); });
    std::vector<at::Tensor> tensors{tensor};
    return Told([&] { return std::make_unique<Reducing>(*this, group.allreduce(tensors)); });
  }

  std::string Broadcast(const std::string& bytes) override {
    at::Tensor length = at::full({1}, static_cast<std::int64_t>(bytes.size()), at::TensorOptions(at::kLong));
    MakeFirsts(length);
    std::string received = at_.rank == 0 ? bytes : "";
    received.resize(static_cast<std::size_t>(length.item<std::int64_t>()));
    if (received.empty()) return received;
    MakeFirsts(at::from_blob(received.data(), {static_cast<std::int64_t>(received.size())}, at::kByte));
    return received;
  }

  std::vector<std::string> AllGather(const std::string& bytes) override;

  void Fail(const std::string& reason) override {
    try {
      store_.SayEnded(reason);
    } catch (const std::exception&) {
      // The store has gone, and with it whoever would have read this.
    }
    End();
  }

 private:
  using Work = decltype(std::declval<c10d::ProcessGroupGloo&>().allreduce(std::declval<std::vector<at::Tensor>&>()));

  struct Reducing final : Pending {
    Reducing(Gloo& of, Work work) : of(of), work(std::move(work)) {}
    void Wait() override {
      of.Told([&] { work->wait(); });
    }
    Gloo& of;
    Work work;
  };

  /// What `task` gives; an exception that is no Failure as that of a rank that is lost.
  template <typename Task>
  auto Told(Task task) -> decltype(task()) {
    try {
      return task();
    } catch (const Failure&) {
      throw;
    } catch (const std::exception& error) {
      // What cards exchange would wait for the rank that is lost, and all that they are given behind it.
      if (cards_) cards_->Abort();
      // So that the ranks that wait for this one are told.
      Disconnect();
      throw store_.Lost(MessageOf(error));
    }
  }

  c10d::ProcessGroupGloo& Group() {
    if (!group_) throw Failure("RANK_LOST", "The connections between the ranks have ended");
    return *group_;
  }

  CardGroup& Cards() {
    if (!cards_) cards_ = Cuda().Join(*store_.c10d_store(), at_);
    return *cards_;
  }

  /// Makes a dense tensor rank 0's.
  void MakeFirsts(const at::Tensor& tensor) {
    c10d::ProcessGroupGloo& group = Group();
    std::vector<at::Tensor> tensors{tensor};
    Told([&] { group.broadcast(tensors)->wait(); });
  }

  /// Ends the connections.
  void End() {
    if (cards_) cards_->Abort();
    cards_.reset();
    Disconnect();
  }

  /// What is under way in gloo holds up the end of its connections, and at times misses that the other end has closed:
  /// it is then left to its time-out.
  void Disconnect() {
    if (!group_) return;
    try {
      Within(kParting, [held = std::move(group_)]() mutable { held.reset(); });
    } catch (const std::exception&) {
    }
  }

  Rendezvous at_;
  RankStore store_;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> group_;
  /// Of tensors on cards; from the first one on.
  std::unique_ptr<CardGroup> cards_;
};

std::vector<std::string> Gloo::AllGather(const std::string& bytes) {
  c10d::ProcessGroupGloo& group = Group();
  const auto gather = [&](const at::Tensor& own) {
    std::vector<at::Tensor> inputs{own};
    std::vector<std::vector<at::Tensor>> outputs(1);
    for (int rank = 0; rank < at_.size; ++rank) outputs[0].push_back(at::empty_like(own));
    Told([&] { group.allgather(outputs, inputs)->wait(); });
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

}  // namespace

bool ProcessGroup::IsAvailable() { return true; }

std::unique_ptr<ProcessGroup> ProcessGroup::At(const Rendezvous& rendezvous) {
  return std::make_unique<Gloo>(rendezvous);
}

}  // namespace gillnet

#else

namespace gillnet {

bool ProcessGroup::IsAvailable() { return false; }

std::unique_ptr<ProcessGroup> ProcessGroup::At(const Rendezvous&) {
  throw InvalidArgument("This LibTorch was built without c10d and Gloo, by which several ranks train together");
}

}  // namespace gillnet

#endif
