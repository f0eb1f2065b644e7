#include <bit>
#include <cmath>
#include <string>

#include "courier/ingest/media/media.hpp"

namespace courier::ingest {

namespace {

enum Element : std::uint32_t {
  ebml = 0x1A45DFA3,
  doc_type = 0x4282,
  segment = 0x18538067,
  segment_info = 0x1549A966,
  timecode_scale = 0x2AD7B1,
  duration = 0x4489,
  tracks = 0x1654AE6B,
  track_entry = 0xAE,
  video = 0xE0,
  pixel_width = 0xB0,
  pixel_height = 0xBA,
  cluster = 0x1F43B675,
};

struct Header {
  std::uint32_t id = 0;
  std::uint64_t length = 0;
  bool unknown_length = false;  // a stream that was written live
};

struct Film {
  MediaInfo info{"video/webm", "webm"};
  std::string type;
  bool has_segment = false;
  bool has_samples = false;
  std::uint64_t nanoseconds_per_tick = 1000000;
  double ticks = 0;
};

// The number of leading zero bits of the first byte tells how many bytes follow it.
Header next_header(ByteReader &reader) {
  Header header;
  std::uint8_t const first = reader.u8();
  int const id_bytes = std::countl_zero(first);
  if (id_bytes > 3) throw MediaError("an element with an impossible name");
  header.id = first;
  for (int i = 0; i < id_bytes; ++i)
    header.id = (header.id << 8) | reader.u8();

  std::uint8_t const size_lead = reader.u8();
  int const size_bytes = std::countl_zero(size_lead);
  if (size_bytes > 7) throw MediaError("an element with an impossible length");
  std::uint64_t const marker = std::uint64_t{0x80} >> size_bytes;
  header.length = size_lead & (marker - 1);
  std::uint64_t all_ones = marker - 1;
  for (int i = 0; i < size_bytes; ++i) {
    header.length = (header.length << 8) | reader.u8();
    all_ones = (all_ones << 8) | 0xFF;
  }
  header.unknown_length = header.length == all_ones;
  if (!header.unknown_length && header.length > reader.remaining()) throw EndOfMedia();
  return header;
}

std::uint64_t read_unsigned(ByteReader &reader, const Header &header) {
  if (header.length > 8) throw MediaError("a number of impossible length");
  std::uint64_t value = 0;
  for (std::uint64_t i = 0; i < header.length; ++i)
    value = (value << 8) | reader.u8();
  return value;
}

double read_float(ByteReader &reader, const Header &header) {
  if (header.length == 4) return static_cast<double>(std::bit_cast<float>(reader.big_endian(4)));
  if (header.length == 8) return std::bit_cast<double>(reader.big_endian_u64());
  throw MediaError("a number of impossible length");
}

std::uint32_t read_pixels(ByteReader &reader, const Header &header) {
  std::uint64_t const pixels = read_unsigned(reader, header);
  if (pixels > UINT32_MAX) throw MediaError("an impossible size");
  return static_cast<std::uint32_t>(pixels);
}

// True if the element's children come next.
bool enters(ByteReader &reader, const Header &header, Film &film) {
  switch (header.id) {
    case segment:
      if (film.has_segment) throw MediaError("two segments");
      film.has_segment = true;
      if (!header.unknown_length && header.length != reader.remaining())
        throw MediaError("bytes after its end");
      return true;
    case cluster:
      film.has_samples = true;
      return header.unknown_length;
    case ebml:
    case segment_info:
    case tracks:
    case track_entry:
    case video:
      if (header.unknown_length) throw MediaError("an element of unknown length");
      return true;
    default:
      if (header.unknown_length) throw MediaError("an element of unknown length");
      return false;
  }
}

void read_value(ByteReader &reader, const Header &header, Film &film) {
  switch (header.id) {
    case doc_type:
      if (header.length > ByteReader::max_block_bytes)
        throw MediaError("an impossible document type");
      film.type = reader.block(static_cast<std::size_t>(header.length));
      film.type.erase(film.type.find_last_not_of('\0') + 1);  // the format allows padding
      break;
    case timecode_scale:
      film.nanoseconds_per_tick = read_unsigned(reader, header);
      break;
    case duration:
      film.ticks = read_float(reader, header);
      break;
    case pixel_width:
      film.info.width = read_pixels(reader, header);
      break;
    case pixel_height:
      film.info.height = read_pixels(reader, header);
      break;
    default:
      reader.skip(header.length);
  }
}

std::uint32_t duration_in_ms(const Film &film) {
  double const ms = film.ticks * static_cast<double>(film.nanoseconds_per_tick) / 1e6;
  if (!std::isfinite(ms) || ms < 0) throw MediaError("an impossible duration");
  return ms < UINT32_MAX ? static_cast<std::uint32_t>(ms) : UINT32_MAX;
}

}  // namespace

MediaInfo inspect_webm(ByteReader &reader) {
  Film film;
  while (reader.remaining() > 0) {
    Header const header = next_header(reader);
    if (!enters(reader, header, film)) read_value(reader, header, film);
  }
  if (film.type != "webm") throw MediaError("its document type is not webm");
  if (!film.has_samples) throw MediaError("no samples");
  film.info.duration_ms = duration_in_ms(film);
  return film.info;
}

}  // namespace courier::ingest
