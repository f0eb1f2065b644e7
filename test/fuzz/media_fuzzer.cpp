// media_fuzzer.cpp -- pictures from strangers.
#include <string>

#include "courier/ingest/media/media.hpp"
#include "fuzzing.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  std::string_view const bytes = fuzz::as_text(data, size);
  courier::ingest::MemoryReader reader(bytes);
  try {
    courier::ingest::MediaInfo const info = courier::ingest::inspect_media(reader);
    fuzz::require(info.width > 0 && info.height > 0, "an accepted picture has a size");
    fuzz::require(reader.position() == size, "an accepted picture has been read to its end");
    fuzz::require(
        !courier::ingest::media_format(bytes.substr(0, courier::ingest::media_magic_bytes)).empty(),
        "an accepted picture is known by its first bytes");
  } catch (const courier::ingest::MediaError &) {
  }
  return 0;
}
