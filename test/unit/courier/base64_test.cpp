#include "courier/ingest/base64.hpp"

#include <gtest/gtest.h>

#include <string>

#include "sample_media.hpp"

namespace {

using courier::ingest::Base64Decoder;
using courier::ingest::Base64Error;

std::string decode(std::string_view text, std::size_t piece = 1000) {
  Base64Decoder decoder;
  std::string bytes;
  for (std::size_t at = 0; at < text.size(); at += piece)
    decoder.decode(text.substr(at, piece), bytes);
  decoder.finish();
  return bytes;
}

TEST(Base64, decodes_the_examples_of_its_standard) {
  EXPECT_EQ(decode(""), "");
  EXPECT_EQ(decode("Zg=="), "f");
  EXPECT_EQ(decode("Zm8="), "fo");
  EXPECT_EQ(decode("Zm9v"), "foo");
  EXPECT_EQ(decode("Zm9vYg=="), "foob");
  EXPECT_EQ(decode("Zm9vYmE="), "fooba");
  EXPECT_EQ(decode("Zm9vYmFy"), "foobar");
}

TEST(Base64, undoes_an_independent_encoder_in_pieces_of_any_size) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    bytes += static_cast<char>(i * 7);
    for (std::size_t piece = 1; piece < 7; ++piece)
      ASSERT_EQ(decode(test::to_base64(bytes), piece), bytes);
  }
}

TEST(Base64, is_not_changed_by_empty_pieces) {
  Base64Decoder decoder;
  std::string bytes;
  for (const char *piece : {"", "Zm9v", "", "Yg=", "", "=", "", ""})
    decoder.decode(piece, bytes);
  decoder.finish();
  EXPECT_EQ(bytes, "foob");
}

TEST(Base64, refuses_what_is_not_canonical) {
  for (const char *text :
       {"Z", "Zg", "Zg=", "Zm8", "Zg===", "=", "====", "Z===", "Zm9v=", "Zg==Zg==", "Zm=v", "Zm 9v",
        "Zm9v\n", "Zm-v", "Zm_v", "Zh==", "Zm9=", "\xFFm9v"})
    for (std::size_t piece : {1, 100})
      EXPECT_THROW(decode(text, piece), Base64Error) << text;
}

}  // namespace
