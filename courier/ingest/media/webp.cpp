#include <string>

#include "courier/ingest/media/media.hpp"

namespace courier::ingest {

namespace {

struct Chunk {
  std::string type;
  std::uint32_t length = 0;
};

Chunk next_chunk(ByteReader &reader) {
  Chunk chunk;
  chunk.type = reader.block(4);
  chunk.length = reader.little_endian(4);
  if (chunk.length > reader.remaining()) throw EndOfMedia();
  return chunk;
}

void need(const Chunk &chunk, std::uint32_t bytes) {
  if (chunk.length < bytes) throw MediaError("chunk " + chunk.type + " is too short");
}

void set_size(MediaInfo &info, std::uint32_t width, std::uint32_t height) {
  if (info.width != 0) return;  // the canvas of an extended file came first
  info.width = width;
  info.height = height;
}

// Key frame header: three bytes of tag, three of start code, then two 14-bit sizes.
std::uint32_t read_lossy_size(ByteReader &reader, MediaInfo &info) {
  std::string const header(reader.block(6));
  if (header.substr(3) != "\x9d\x01\x2a")
    throw MediaError("the lossy picture does not begin with a key frame");
  std::uint32_t const width = reader.little_endian(2) & 0x3FFF;
  std::uint32_t const height = reader.little_endian(2) & 0x3FFF;
  set_size(info, width, height);
  return 10;
}

std::uint32_t read_lossless_size(ByteReader &reader, MediaInfo &info) {
  if (reader.u8() != 0x2F) throw MediaError("the lossless picture has no signature");
  std::uint32_t const bits = reader.little_endian(4);
  set_size(info, (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1);
  return 5;
}

std::uint32_t read_canvas_size(ByteReader &reader, MediaInfo &info) {
  reader.skip(4);
  std::uint32_t const width = reader.little_endian(3) + 1;
  std::uint32_t const height = reader.little_endian(3) + 1;
  set_size(info, width, height);
  return 10;
}

}  // namespace

MediaInfo inspect_webp(ByteReader &reader) {
  MediaInfo info{"image/webp", "webp"};
  if (reader.block(4) != "RIFF") throw MediaError("no RIFF header");
  std::uint64_t const end = std::uint64_t{8} + reader.little_endian(4);
  if (end > reader.size()) throw EndOfMedia();
  if (end < reader.size())
    throw MediaError(std::to_string(reader.size() - end) + " bytes after its end");
  reader.skip(4);

  bool has_pixels = false;
  std::uint64_t duration_ms = 0;
  while (reader.remaining() > 0) {
    Chunk const chunk = next_chunk(reader);
    std::uint32_t consumed = 0;
    if (chunk.type == "VP8 ") {
      need(chunk, 10);
      consumed = read_lossy_size(reader, info);
      has_pixels = true;
    } else if (chunk.type == "VP8L") {
      need(chunk, 5);
      consumed = read_lossless_size(reader, info);
      has_pixels = true;
    } else if (chunk.type == "VP8X") {
      need(chunk, 10);
      consumed = read_canvas_size(reader, info);
    } else if (chunk.type == "ANMF") {
      need(chunk, 16);
      reader.skip(12);
      duration_ms += reader.little_endian(3);
      consumed = 15;
      has_pixels = true;
    }
    std::uint64_t const padding = chunk.length & 1;
    reader.skip(chunk.length - consumed + padding);
  }
  if (!has_pixels) throw MediaError("no pixels");
  info.duration_ms = clamp_duration_ms(duration_ms);
  return info;
}

}  // namespace courier::ingest
