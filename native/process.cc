#include <dlfcn.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <napi.h>
#include <unistd.h>

#include <thread>

// The begin and the end of a process that computes once. LibTorch's constructors, which register its operators, take
// longer than all that Node does before the first prediction, and its destructors two thirds as long again.

namespace {

std::thread loading;

/// Before the process ends: libraries can't be unloaded while they are being loaded.
void Join() {
  if (loading.joinable()) loading.join();
}

/// Loads the libraries of the addon at a path on a thread. What can't be loaded is told by whoever requires it.
void Preload(const Napi::CallbackInfo& info) {
  Join();
#ifdef __GLIBC__
  // A thread's heap grows page by page otherwise, each by a system call that stops the other threads' page faults:
  // 11,000 while LibTorch registers its operators, a sixth of all the time to a prediction.
  mallopt(M_TOP_PAD, 64 << 20);
#endif
  // Node's own flags, so that it gets the same handle.
  loading = std::thread([path = info[0].ToString().Utf8Value()] { dlopen(path.c_str(), RTLD_LAZY); });
}

/// Ends the process without a destructor.
void End(const Napi::CallbackInfo& info) { _exit(info[0].ToNumber()); }

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("preload", Napi::Function::New<Preload>(env, "preload"));
  exports.Set("join", Napi::Function::New(env, [](const Napi::CallbackInfo&) { Join(); }, "join"));
  exports.Set("end", Napi::Function::New<End>(env, "end"));
  env.AddCleanupHook(Join);
  return exports;
}

}  // namespace

NODE_API_MODULE(gillnet_process, Init)
