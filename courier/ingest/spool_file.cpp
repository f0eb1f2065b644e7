#include "courier/ingest/spool_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace courier::ingest {

namespace {

[[noreturn]] void fail(const char *what) {
  throw std::system_error(errno, std::generic_category(), what);
}

wire::FileDescriptor create(const std::string &folder) {
  // O_EXCL: no one can give the file a name later.
  wire::FileDescriptor file(open(folder.c_str(), O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600));
  if (file) return file;
  // Not every file system knows O_TMPFILE; an old kernel takes it for O_DIRECTORY.
  if (errno != EOPNOTSUPP && errno != EISDIR) fail("cannot create a spool file");
  std::string name = folder + "/atelier-" + std::string(6, 'X');
  file.reset(mkostemp(name.data(), O_CLOEXEC));
  if (!file) fail("cannot create a spool file");
  if (unlink(name.c_str()) != 0) fail("cannot unlink a spool file");
  return file;
}

}  // namespace

SpoolFile::SpoolFile(const std::string &folder) : file_(create(folder)) {}

void SpoolFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t const written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      fail("cannot write to a spool file");
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

wire::FileDescriptor SpoolFile::take() {
  if (lseek(file_.get(), 0, SEEK_SET) != 0) fail("cannot rewind a spool file");
  return std::move(file_);
}

}  // namespace courier::ingest
