#include "courier/ingest/media/media.hpp"

namespace courier::ingest {

namespace {

enum Marker : std::uint8_t {
  tem = 0x01,
  dht = 0xC4,
  jpg = 0xC8,
  dac = 0xCC,
  rst0 = 0xD0,
  rst7 = 0xD7,
  soi = 0xD8,
  eoi = 0xD9,
  sos = 0xDA,
};

bool is_frame_header(std::uint8_t marker) noexcept {
  return marker >= 0xC0 && marker <= 0xCF && marker != dht && marker != jpg && marker != dac;
}

bool stands_alone(std::uint8_t marker) noexcept {
  return marker == tem || (marker >= rst0 && marker <= rst7);
}

// Any number of fill bytes 0xFF may come before a marker.
std::uint8_t marker_after_ff(ByteReader &reader) {
  std::uint8_t marker = 0xFF;
  while (marker == 0xFF)
    marker = reader.u8();
  return marker;
}

// Compressed data runs to the first marker that is neither a stuffed zero nor a restart.
std::uint8_t marker_after_scan(ByteReader &reader) {
  for (;;) {
    if (reader.u8() != 0xFF) continue;
    std::uint8_t const marker = marker_after_ff(reader);
    if (marker != 0 && !stands_alone(marker)) return marker;
  }
}

std::uint8_t next_marker(ByteReader &reader) {
  if (reader.u8() != 0xFF) throw MediaError("a segment does not begin with a marker");
  return marker_after_ff(reader);
}

std::uint32_t segment_bytes(ByteReader &reader) {
  std::uint32_t const length = reader.big_endian(2);
  if (length < 2) throw MediaError("a segment of impossible length");
  return length - 2;
}

}  // namespace

MediaInfo inspect_jpeg(ByteReader &reader) {
  MediaInfo info{"image/jpeg", "jpg"};
  reader.skip(2);
  bool has_scan = false;
  std::uint8_t marker = next_marker(reader);
  while (marker != eoi) {
    if (marker == soi || marker == 0) throw MediaError("a marker that cannot stand here");
    if (stands_alone(marker)) {
      marker = next_marker(reader);
      continue;
    }
    std::uint32_t length = segment_bytes(reader);
    if (is_frame_header(marker)) {
      if (length < 6) throw MediaError("the frame header is too short");
      if (info.width != 0) throw MediaError("two frame headers");
      reader.skip(1);
      info.height = reader.big_endian(2);
      info.width = reader.big_endian(2);
      length -= 5;
    }
    reader.skip(length);
    if (marker == sos) {
      if (info.width == 0) throw MediaError("pixels before the frame header");
      has_scan = true;
      marker = marker_after_scan(reader);
    } else {
      marker = next_marker(reader);
    }
  }
  if (!has_scan) throw MediaError("no pixels");
  expect_end(reader);
  return info;
}

}  // namespace courier::ingest
