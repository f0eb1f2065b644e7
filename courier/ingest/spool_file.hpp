// spool_file.hpp -- a file without a name: it vanishes with its last descriptor, whoever is killed.
#pragma once

#include <string>
#include <string_view>

#include "wire/file_descriptor.hpp"

namespace courier::ingest {

class SpoolFile {
 public:
  explicit SpoolFile(const std::string &folder);  // throws std::system_error

  void write(std::string_view bytes);
  int descriptor() const noexcept { return file_.get(); }

  // Gives the file away, positioned at its first byte. The very file that was written is handed
  // over; the courier closes its own descriptor with the frame, and the receiver only reads.
  wire::FileDescriptor take();

 private:
  wire::FileDescriptor file_;
};

}  // namespace courier::ingest
