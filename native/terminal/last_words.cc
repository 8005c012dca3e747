#include "last_words.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

namespace gillnet::terminal {
namespace {

template <std::size_t capacity>
struct Text {
  char bytes[capacity];
  std::size_t size;

  void Set(std::string_view text) {
    size = std::min(text.size(), capacity);
    std::memcpy(bytes, text.data(), size);
  }
};

struct Words {
  Text<64> restore;
  Text<1000> farewell;
};

/// A crash reads the one, while the other is written.
Words words[2];
std::atomic<int> current{0};
std::atomic<std::int64_t> told{0};
static_assert(std::atomic<std::int64_t>::is_always_lock_free);

void WriteAll(int terminal, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t written = write(terminal, bytes, size);
    if (written < 0 && errno != EINTR) return;
    if (written > 0) {
      bytes += written;
      size -= static_cast<std::size_t>(written);
    }
  }
}

std::int64_t SizeOf(int file) {
  struct stat facts;
  return fstat(file, &facts) == 0 ? facts.st_size : 0;
}

/// The last bytes before `end` that nobody has seen, such as why C++ ended the process.
void WriteTail(const Scene& scene, std::int64_t end) {
  static char tail[4096];
  const std::int64_t from = std::max<std::int64_t>(told.load(), end - std::int64_t{sizeof(tail)});
  if (from >= end) return;
  const ssize_t count = pread(scene.file, tail, static_cast<std::size_t>(end - from), from);
  if (count <= 0) return;
  // Names of files come from anywhere, and a terminal obeys some.
  std::replace_if(
      tail, tail + count, [](unsigned char byte) { return byte == 127 || (byte < 32 && byte != '\n' && byte != '\t'); },
      '?');
  WriteAll(scene.terminal, tail, static_cast<std::size_t>(count));
  if (tail[count - 1] != '\n') WriteAll(scene.terminal, "\n", 1);
}

}  // namespace

void SetLastWords(std::string_view restore, std::string_view farewell) {
  const int next = 1 - current.load();
  words[next].restore.Set(restore);
  words[next].farewell.Set(farewell);
  current.store(next);
}

void SetTold(std::int64_t bytes) { told.store(bytes); }

void WriteLastWords(const Scene& scene) {
  const std::int64_t end = SizeOf(scene.file);
  // What another thread draws from here on is not seen.
  dup2(scene.file, scene.drawn);
  const Words& last = words[current.load()];
  WriteAll(scene.terminal, last.restore.bytes, last.restore.size);
  tcsetattr(scene.terminal, TCSANOW, &scene.modes);
  WriteTail(scene, end);
  WriteAll(scene.terminal, last.farewell.bytes, last.farewell.size);
}

}  // namespace gillnet::terminal
