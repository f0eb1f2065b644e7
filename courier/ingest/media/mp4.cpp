#include <array>
#include <string>

#include "courier/ingest/media/media.hpp"

namespace courier::ingest {

namespace {

struct Movie {
  MediaInfo info{"video/mp4", "mp4"};
  bool has_index = false;
  bool has_samples = false;
};

constexpr std::array<std::string_view, 12> video_brands = {
    "isom", "iso2", "iso4", "iso5", "iso6", "iso8", "mp41", "mp42", "avc1", "M4V ", "dash", "MSNV"};

struct Box {
  std::string type;
  std::uint64_t end = 0;
};

Box next_box(ByteReader &reader, std::uint64_t parent_end) {
  std::uint64_t const start = reader.position();
  std::uint64_t size = reader.big_endian(4);
  Box box;
  box.type = reader.block(4);
  std::uint64_t header_bytes = 8;
  if (size == 1) {
    size = reader.big_endian_u64();
    header_bytes = 16;
  } else if (size == 0) {
    size = parent_end - start;  // it runs to the end
  }
  if (size < header_bytes) throw MediaError("a box of impossible length");
  if (size > parent_end - start) throw EndOfMedia();
  box.end = start + size;
  return box;
}

void need(const ByteReader &reader, const Box &box, std::uint64_t bytes) {
  if (box.end < reader.position() || box.end - reader.position() < bytes)
    throw MediaError("box " + box.type + " is too short");
}

void read_brand(ByteReader &reader, const Box &box) {
  need(reader, box, 8);
  std::string_view const brand = reader.block(4);
  for (std::string_view const known : video_brands)
    if (brand == known) return;
  throw MediaError("its brand is not one of a video");
}

// Version 1 has 64-bit times.
void read_movie_header(ByteReader &reader, const Box &box, Movie &movie) {
  need(reader, box, 20);
  bool const wide = reader.u8() == 1;
  need(reader, box, wide ? 31 : 19);
  reader.skip(3 + (wide ? 16 : 8));
  std::uint64_t const timescale = reader.big_endian(4);
  std::uint64_t const duration = wide ? reader.big_endian_u64() : reader.big_endian(4);
  bool const known = wide ? duration != UINT64_MAX : duration != UINT32_MAX;
  if (timescale == 0 || !known) return;
  std::uint64_t const seconds = duration / timescale;
  if (seconds > UINT32_MAX / 1000) throw MediaError("an impossible duration");
  movie.info.duration_ms =
      clamp_duration_ms(seconds * 1000 + duration % timescale * 1000 / timescale);
}

// Width and height are its last two fields, 16.16 fixed point; a sound track has zero.
void read_track_header(ByteReader &reader, const Box &box, Movie &movie) {
  need(reader, box, 84);
  reader.skip(box.end - reader.position() - 8);
  std::uint32_t const width = reader.big_endian(4) >> 16;
  std::uint32_t const height = reader.big_endian(4) >> 16;
  if (std::uint64_t{width} * height <= std::uint64_t{movie.info.width} * movie.info.height) return;
  movie.info.width = width;
  movie.info.height = height;
}

// Boxes nest only three deep here: file, moov, trak.
void read_boxes(ByteReader &reader, std::uint64_t end, Movie &movie) {
  while (reader.position() < end) {
    Box const box = next_box(reader, end);
    if (box.type == "moov") movie.has_index = true;
    if (box.type == "mdat") movie.has_samples = true;
    if (box.type == "ftyp") read_brand(reader, box);
    if (box.type == "mvhd") read_movie_header(reader, box, movie);
    if (box.type == "tkhd") read_track_header(reader, box, movie);
    if (box.type == "moov" || box.type == "trak") continue;  // its children come next
    reader.skip(box.end - reader.position());
  }
}

}  // namespace

MediaInfo inspect_mp4(ByteReader &reader) {
  Movie movie;
  read_boxes(reader, reader.size(), movie);
  if (!movie.has_index) throw MediaError("no index");
  if (!movie.has_samples) throw MediaError("no samples");
  return movie.info;
}

}  // namespace courier::ingest
