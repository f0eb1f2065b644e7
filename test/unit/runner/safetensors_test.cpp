// Hostile and broken weight files are refused with a reason; nothing outside the file is read.
#include "runner/checkpoint/safetensors.hpp"

#include <gtest/gtest.h>

#include "runner/checkpoint/config.hpp"
#include "safetensors_writer.hpp"
#include "temporary_folder.hpp"

namespace runner::test {
namespace {

// The bytes live on the heap and have exactly this size, so that AddressSanitizer sees every stray
// read.
std::map<std::string, TensorEntry> parse(const std::vector<std::byte> &bytes) {
  return parse_safetensors(bytes);
}

std::vector<std::byte> to_bytes(const std::string &text) {
  const auto *begin = reinterpret_cast<const std::byte *>(text.data());
  return {begin, begin + text.size()};
}

std::string refusal(const std::string &file) {
  try {
    parse(to_bytes(file));
  } catch (const CheckpointError &error) {
    return error.what();
  }
  return "accepted";
}

std::string refusal(const std::string &header, const std::string &data) {
  return refusal(safetensors_bytes(header, data));
}

TEST(Safetensors, GivesTypeShapeAndBytes) {
  const auto file = to_bytes(safetensors_bytes({{"a", {"F32", {2, 1}, "12345678"}},
                                                {"b", {"BF16", {3}, "abcdef"}},
                                                {"c", {"I8", {}, "z"}}}));
  const auto tensors = parse(file);
  ASSERT_EQ(tensors.size(), 3U);
  EXPECT_EQ(tensors.at("a").type, TensorType::f32);
  EXPECT_EQ(tensors.at("a").shape, (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(std::to_integer<char>(tensors.at("a").bytes[7]), '8');
  EXPECT_EQ(tensors.at("b").type, TensorType::bf16);
  EXPECT_EQ(std::to_integer<char>(tensors.at("b").bytes.front()), 'a');
  EXPECT_EQ(tensors.at("c").type, TensorType::other);
}

TEST(Safetensors, RefusesFilesShorterThanTheirHeader) {
  EXPECT_EQ(refusal(""), "shorter than its header");
  EXPECT_EQ(refusal("1234567"), "shorter than its header");
  EXPECT_NE(refusal(std::string(8, '\xff')).find("does not fit"), std::string::npos);
  EXPECT_NE(refusal(std::string("\x09\0\0\0\0\0\0\0{}", 10)).find("does not fit"),
            std::string::npos);
}

TEST(Safetensors, RefusesHeadersThatAreNoObjects) {
  for (const auto *header : {"", "[]", "nonsense", "{\"a\":", "\xff\xfe"}) {
    EXPECT_EQ(refusal(header, ""), "header is not a JSON object") << header;
  }
}

TEST(Safetensors, RefusesDeeplyNestedHeaders) {
  EXPECT_EQ(refusal(std::string(500'000, '['), ""), "header is not a JSON object");
}

TEST(Safetensors, RefusesIncompleteEntries) {
  for (const auto *entry : {"1", "{}", R"({"dtype":"F32","shape":[1]})",
                            R"({"dtype":7,"shape":[1],"data_offsets":[0,4]})",
                            R"({"dtype":"F32","shape":4,"data_offsets":[0,4]})"}) {
    EXPECT_NE(refusal(std::string("{\"a\":") + entry + "}", "1234").find("incomplete"),
              std::string::npos)
        << entry;
  }
}

struct BadEntry {
  const char *description, *type, *shape, *offsets, *reason;
};

class BadEntries : public testing::TestWithParam<BadEntry> {};

TEST_P(BadEntries, AreRefused) {
  const auto &bad = GetParam();
  const auto header = std::string(R"({"a":{"dtype":")") + bad.type + R"(","shape":)" + bad.shape +
                      R"(,"data_offsets":)" + bad.offsets + "}}";
  EXPECT_NE(refusal(header, "12345678").find(bad.reason), std::string::npos)
      << bad.description << ": " << refusal(header, "12345678");
}

INSTANTIATE_TEST_SUITE_P(
    Safetensors, BadEntries,
    testing::Values(
        BadEntry{"unknown type", "F1", "[8]", "[0,8]", "unknown element type"},
        BadEntry{"end before begin", "F32", "[1]", "[8,4]", "outside the file"},
        BadEntry{"end after the data", "F32", "[4]", "[0,16]", "outside the file"},
        BadEntry{"largest possible end", "F32", "[2]", "[0,18446744073709551615]", "outside"},
        BadEntry{"negative offset", "F32", "[2]", "[-8,0]", "malformed offsets"},
        BadEntry{"fractional offset", "F32", "[2]", "[0.5,8]", "malformed offsets"},
        BadEntry{"three offsets", "F32", "[2]", "[0,8,8]", "malformed offsets"},
        BadEntry{"shape too large for the bytes", "F32", "[3]", "[0,8]", "does not match"},
        BadEntry{"shape too small for the bytes", "F32", "[1]", "[0,8]", "does not match"},
        BadEntry{"negative dimension", "F32", "[-2]", "[0,8]", "not a count"},
        BadEntry{"fractional dimension", "F32", "[2.0]", "[0,8]", "not a count"},
        BadEntry{"product overflows to the right size", "F32", "[4611686018427387906,1]", "[0,8]",
                 "overflows"},
        BadEntry{"product overflows with a zero before", "F32", "[18446744073709551615,2]", "[0,8]",
                 "overflows"},
        BadEntry{"too many dimensions", "F32", "[2,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "[0,8]",
                 "too many dimensions"}));

TEST(Safetensors, RefusesOverlapsHolesAndLeftovers) {
  const auto entry = [](const char *name, int begin, int end) {
    return std::string("\"") + name + R"(":{"dtype":"I8","shape":[)" + std::to_string(end - begin) +
           R"(],"data_offsets":[)" + std::to_string(begin) + "," + std::to_string(end) + "]}";
  };
  EXPECT_EQ(refusal("{" + entry("a", 0, 4) + "," + entry("b", 4, 8) + "}", "12345678"), "accepted");
  EXPECT_EQ(refusal("{" + entry("a", 0, 5) + "," + entry("b", 4, 8) + "}", "12345678"),
            "tensors overlap or leave holes");
  EXPECT_EQ(refusal("{" + entry("a", 0, 3) + "," + entry("b", 4, 8) + "}", "12345678"),
            "tensors overlap or leave holes");
  EXPECT_EQ(refusal("{" + entry("a", 0, 4) + "}", "12345678"), "bytes after the last tensor");
  EXPECT_EQ(refusal("{" + entry("a", 0, 8) + "," + entry("b", 0, 8) + "}", "12345678"),
            "tensors overlap or leave holes");
}

TEST(Safetensors, FilesThatCannotBeMappedAreRefused) {
  const TemporaryFolder folder;
  EXPECT_THROW(SafetensorsFile(folder / "missing"), std::exception);
  EXPECT_THROW(SafetensorsFile(folder.path()), CheckpointError);
  EXPECT_THROW(SafetensorsFile(folder.write("empty", "")), CheckpointError);
}

TEST(Safetensors, EveryTruncationOfAFileIsRefused) {
  const auto file = safetensors_bytes({{"a", {"F32", {2}, "12345678"}}});
  for (size_t length = 0; length < file.size(); ++length) {
    EXPECT_NE(refusal(file.substr(0, length)), "accepted") << length;
  }
  EXPECT_EQ(refusal(file), "accepted");
}

// Whatever bit is flipped: accepted or refused, never a stray read.
TEST(Safetensors, EveryFlippedBitIsSurvived) {
  const auto file = safetensors_bytes({{"a", {"F32", {2}, "12345678"}}, {"b", {"F16", {1}, "xy"}}});
  size_t refused = 0;
  for (size_t bit = 0; bit < file.size() * 8; ++bit) {
    auto damaged = file;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    if (refusal(damaged) != "accepted") ++refused;
  }
  EXPECT_GT(refused, 100U);
}

}  // namespace
}  // namespace runner::test
