#include <zlib.h>

#include <string>

#include "courier/ingest/media/media.hpp"

namespace courier::ingest {

namespace {

constexpr std::size_t signature_bytes = 8;
constexpr std::uint32_t max_chunk_bytes = 0x7FFFFFFF;

uLong checksum(uLong crc, std::string_view bytes) {
  return crc32(crc, reinterpret_cast<const Bytef *>(bytes.data()), static_cast<uInt>(bytes.size()));
}

}  // namespace

MediaInfo inspect_png(ByteReader &reader) {
  MediaInfo info{"image/png", "png"};
  reader.skip(signature_bytes);
  bool has_header = false;
  bool has_pixels = false;
  for (;;) {
    std::uint32_t length = reader.big_endian(4);
    if (length > max_chunk_bytes) throw MediaError("a chunk of impossible length");
    std::string const type(reader.block(4));
    if (length > reader.remaining()) throw EndOfMedia();
    uLong crc = checksum(crc32(0, nullptr, 0), type);

    if (has_header == (type == "IHDR")) throw MediaError("IHDR is not the one first chunk");
    if (type == "IHDR") {
      if (length != 13) throw MediaError("IHDR has the wrong length");
      std::string const header(reader.block(13));
      MemoryReader fields(header);
      info.width = fields.big_endian(4);
      info.height = fields.big_endian(4);
      crc = checksum(crc, header);
      length = 0;
      has_header = true;
    }
    has_pixels = has_pixels || (type == "IDAT" && length > 0);
    while (length > 0) {
      std::string_view const piece = reader.some(length);
      crc = checksum(crc, piece);
      length -= static_cast<std::uint32_t>(piece.size());
    }
    if (reader.big_endian(4) != crc) throw MediaError("chunk " + type + " fails its checksum");
    if (type == "IEND") break;
  }
  if (!has_pixels) throw MediaError("no pixels");
  expect_end(reader);
  return info;
}

}  // namespace courier::ingest
