#include "src/secrets/sealing.hpp"

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

const std::string a_key(64, 'a');
const std::string another_key(64, 'b');

secrets::Owner token(uint8_t last, secrets::Purpose purpose = secrets::Purpose::provider_token) {
  secrets::Owner out{purpose, {}};
  out.token.bytes[15] = last;
  return out;
}

secrets::KeyRing ring(const std::string &text) { return secrets::KeyRing::parse(text); }

std::string problem_of(const std::string &text) {
  try {
    (void)ring(text);
  } catch (const secrets::Problem &problem) {
    EXPECT_EQ(std::string(problem.what()).find("aaaa"), std::string::npos);
    return problem.what();
  }
  return "";
}

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/atelier-keys.XXXXXX";
    path_ = mkdtemp(name);
    mkdir((path_ + "/data").c_str(), 0700);
  }
  Folder(const Folder &) = delete;
  Folder &operator=(const Folder &) = delete;
  ~Folder() { (void)std::system(("rm -rf " + path_).c_str()); }
  std::string write(const std::string &name, const std::string &text, mode_t mode = 0600) const {
    std::string path = path_ + "/" + name;
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }
  std::string data() const { return path_ + "/data"; }
  const std::string &path() const { return path_; }

 private:
  std::string path_;
};

std::string problem_at(const std::string &path, const Folder &folder) {
  try {
    (void)secrets::KeyRing::load(path, folder.data());
  } catch (const secrets::Problem &problem) {
    EXPECT_FALSE(problem.hint().empty());
    return problem.what();
  }
  return "";
}

TEST(KeyFile, HoldsKeysNewestFirst) {
  auto const keys = ring("# of 2026\n\nnew " + a_key + "\r\n\told.1  " + another_key + " \n");
  EXPECT_EQ(keys.newest().id(), "new");
  ASSERT_NE(keys.find("old.1"), nullptr);
  EXPECT_EQ(keys.find("old.1")->bytes()[31], 0xbb);
  EXPECT_EQ(keys.find("older"), nullptr);
}

TEST(KeyFile, SaysWhichLineIsWrongAndNotWhatItHolds) {
  EXPECT_EQ(problem_of(""), "the key file holds no key");
  EXPECT_EQ(problem_of("# nothing\n"), "the key file holds no key");
  const std::vector<std::string> wrong = {"k",
                                          "k aaaa",
                                          a_key,
                                          "k/1 " + a_key,
                                          "k " + a_key + " x",
                                          std::string(33, 'k') + " " + a_key};
  std::string const good = "ok " + another_key + "\n";
  for (const std::string &line : wrong)
    EXPECT_EQ(problem_of(good + line), "line 2 of the key file is not a name and a key of 32 bytes")
        << line;
  EXPECT_EQ(problem_of("k " + a_key + "a"),
            "line 1 of the key file is not a name and a key of 32 bytes");
  EXPECT_EQ(problem_of("k " + std::string(64, 'g')),
            "line 1 of the key file is not a name and a key of 32 bytes");
  EXPECT_EQ(problem_of("k " + a_key + "\nk " + another_key),
            "line 2 of the key file has a name that another key has");
}

TEST(KeyFile, IsRefusedWhereOthersCouldReadIt) {
  Folder const folder;
  std::string const good = "k " + a_key + "\n";
  EXPECT_EQ(problem_at(folder.write("keys", good), folder), "");
  EXPECT_EQ(problem_at(folder.write("readonly", good, 0400), folder), "");
  for (mode_t const mode : {0640U, 0604U, 0620U, 0602U, 0610U})
    EXPECT_EQ(problem_at(folder.write("open", good, mode), folder),
              "others than its owner may use the key file");
  EXPECT_EQ(problem_at(folder.write("data/keys", good), folder),
            "the key file lies in the data directory");
  ASSERT_EQ(symlink((folder.data() + "/keys").c_str(), (folder.path() + "/link").c_str()), 0);
  EXPECT_EQ(problem_at(folder.path() + "/link", folder), "the key file lies in the data directory");
  EXPECT_EQ(problem_at(folder.path() + "/data/../keys", folder), "");
  EXPECT_EQ(problem_at("keys", folder), "atelier.secret_key_file is not an absolute path");
  EXPECT_EQ(problem_at("", folder), "there is no key to seal secrets with");
  EXPECT_EQ(problem_at(folder.path(), folder), "the key file is not a regular file");
  EXPECT_EQ(problem_at("/dev/null", folder), "the key file is not a regular file");
  EXPECT_EQ(problem_at(folder.path() + "/none", folder),
            "the key file cannot be found: No such file or directory");
  EXPECT_EQ(problem_at(folder.write("long", std::string(size_t{64} * 1024, '#')), folder),
            "the key file is too long");
  if (geteuid() == 0) {
    std::string const foreign = folder.write("foreign", good);
    ASSERT_EQ(chown(foreign.c_str(), 12345, 12345), 0);
    EXPECT_EQ(problem_at(foreign, folder),
              "the key file belongs to another user than the server's");
  }
}

TEST(Sealing, OpensWhatItSealed) {
  auto const keys = ring("k " + a_key);
  for (const std::string &secret :
       {std::string("x"), std::string("sk-secret"), std::string(8192, 's')}) {
    auto const sealed = secrets::seal(keys.newest(), token(1), secret);
    EXPECT_EQ(secrets::key_name_of(sealed), "k");
    EXPECT_EQ(secrets::unseal(keys, token(1), sealed), secret);
    EXPECT_NE(secrets::seal(keys.newest(), token(1), secret), sealed);
  }
}

TEST(Sealing, OldKeysOpenAndOtherKeysDoNot) {
  auto const sealed = secrets::seal(ring("old " + a_key).newest(), token(1), "sk-secret");
  EXPECT_EQ(secrets::unseal(ring("new " + another_key + "\nold " + a_key), token(1), sealed),
            "sk-secret");
  EXPECT_THROW((void)secrets::unseal(ring("new " + another_key), token(1), sealed),
               secrets::Problem);
  EXPECT_THROW((void)secrets::unseal(ring("old " + another_key), token(1), sealed),
               secrets::Problem);
}

TEST(Sealing, NoBitMayChange) {
  auto const keys = ring("k " + a_key);
  auto const sealed = secrets::seal(keys.newest(), token(1), "sk-secret");
  EXPECT_THROW((void)secrets::unseal(keys, token(2), sealed), secrets::Problem);
  EXPECT_THROW((void)secrets::unseal(keys, token(1, secrets::Purpose::webhook_secret), sealed),
               secrets::Problem);
  for (size_t i = 0; i < sealed.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      auto changed = sealed;
      changed[i] = static_cast<uint8_t>(changed[i] ^ (1U << bit));
      EXPECT_THROW((void)secrets::unseal(keys, token(1), changed), secrets::Problem) << i;
    }
  }
  for (size_t size = 0; size < sealed.size(); ++size) {
    std::span<const uint8_t> const part(sealed.data(), size);
    EXPECT_THROW((void)secrets::unseal(keys, token(1), part), secrets::Problem) << size;
  }
}

}  // namespace
