#include <napi.h>

#include <cstring>

#include "descriptors.h"
#include "last_words.h"

namespace {

namespace terminal = gillnet::terminal;

void Hold(const Napi::CallbackInfo& info) {
  const int error = terminal::Hold(info[0].ToNumber(), info[1].ToNumber());
  if (error != 0) throw Napi::Error::New(info.Env(), std::strerror(error));
}

void SetLastWords(const Napi::CallbackInfo& info) {
  terminal::SetLastWords(info[0].ToString().Utf8Value(), info[1].ToString().Utf8Value());
}

void SetTold(const Napi::CallbackInfo& info) { terminal::SetTold(info[0].ToNumber()); }

void Release(const Napi::CallbackInfo&) { terminal::Release(); }

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("hold", Napi::Function::New<Hold>(env, "hold"));
  exports.Set("setLastWords", Napi::Function::New<SetLastWords>(env, "setLastWords"));
  exports.Set("setTold", Napi::Function::New<SetTold>(env, "setTold"));
  exports.Set("release", Napi::Function::New<Release>(env, "release"));
  return exports;
}

}  // namespace

NODE_API_MODULE(gillnet_terminal, Init)
