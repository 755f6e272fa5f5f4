// rediss://: a Redis that speaks TLS, with certificates made on the spot.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "redis/redis_server.h"

namespace agentainer::tests {
namespace {

namespace fs = std::filesystem;

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Key make_key() { return {EVP_EC_gen("P-256"), &EVP_PKEY_free}; }

/// `names` as in `DNS:localhost,IP:127.0.0.1`; empty for an authority. Signed by itself without
/// `issuer`.
Certificate make_certificate(EVP_PKEY* key, const char* common_name, const char* names,
                             X509* issuer, EVP_PKEY* issuer_key) {
  Certificate certificate(X509_new(), &X509_free);
  X509* raw = certificate.get();
  X509_set_version(raw, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(raw), issuer == nullptr ? 1 : 2);
  X509_gmtime_adj(X509_getm_notBefore(raw), -3600);
  X509_gmtime_adj(X509_getm_notAfter(raw), 3600);
  X509_set_pubkey(raw, key);
  X509_NAME* name = X509_get_subject_name(raw);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0);
  X509_set_issuer_name(raw, issuer == nullptr ? name : X509_get_subject_name(issuer));
  X509_EXTENSION* extension =
      issuer == nullptr
          ? X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE")
          : X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names);
  X509_add_ext(raw, extension, -1);
  X509_EXTENSION_free(extension);
  X509_sign(raw, issuer_key, EVP_sha256());
  return certificate;
}

void write_certificate(const fs::path& path, X509* certificate) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  PEM_write_X509(file, certificate);
  std::fclose(file);
}

void write_key(const fs::path& path, EVP_PKEY* key) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
}

std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

class Tls : public testing::Test {
 protected:
  Tls() {
    const Key authority_key = make_key();
    const Certificate authority =
        make_certificate(authority_key.get(), "authority", "", nullptr, authority_key.get());
    const Key key = make_key();
    const Certificate certificate = make_certificate(
        key.get(), "redis", "DNS:localhost,IP:127.0.0.1", authority.get(), authority_key.get());
    write_certificate(files.path() / "ca.pem", authority.get());
    write_certificate(files.path() / "redis.pem", certificate.get());
    write_key(files.path() / "redis.key", key.get());
    server = std::make_unique<RedisServer>(std::vector<std::string>{
        "--tls-port", std::to_string(port), "--tls-cert-file",
        (files.path() / "redis.pem").string(), "--tls-key-file",
        (files.path() / "redis.key").string(), "--tls-ca-cert-file",
        (files.path() / "ca.pem").string(), "--tls-auth-clients", "no", "--requirepass", "secret"});
  }

  Status ping(const std::string& url) {
    const auto address = net::parse_redis_url(url);
    EXPECT_TRUE(address) << url;
    net::EventLoop loop;
    net::RedisConnection connection(loop, *address, {});
    if (Status status = wait<void>(loop, [&](auto done) { connection.connect(std::move(done)); });
        !status)
      return status;
    // More than one TLS record each way.
    const std::string large(100'000, 'x');
    const auto echo = wait<net::Reply>(loop, [&](auto done) {
      connection.send({"ECHO", large}, std::move(done));
    });
    if (!echo) return tl::make_unexpected(echo.error());
    EXPECT_TRUE(echo->text == large);
    return {};
  }
  std::string url(const std::string& host, const std::string& scheme = "rediss") const {
    return fmt::format("{}://:secret@{}:{}", scheme, host, port);
  }
  std::string trust() const { return "?cacert=" + (files.path() / "ca.pem").string(); }

  TemporaryDirectory files;
  const std::uint16_t port = free_port();
  std::unique_ptr<RedisServer> server;
};

TEST_F(Tls, ATrustedServerIsReachedByNameAndByAddress) {
  for (const char* host : {"localhost", "127.0.0.1"}) {
    const Status status = ping(url(host) + trust());
    EXPECT_TRUE(status) << status.error().message;
  }
}

TEST_F(Tls, AnUnknownAuthorityIsRefused) {
  const Status status = ping(url("localhost"));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(status.error().message.find("not trusted"), std::string::npos)
      << status.error().message;
  EXPECT_EQ(status.error().message.find("secret"), std::string::npos) << status.error().message;
}

TEST_F(Tls, ACertificateForAnotherHostIsRefused) {
  const Status status = ping(url("127.0.0.2") + trust());
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find("mismatch"), std::string::npos) << status.error().message;
}

TEST_F(Tls, PlainTextAtATlsPortEndsClearly) {
  const Status status = ping(url("127.0.0.1", "redis"));
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find("redis://127.0.0.1"), std::string::npos)
      << status.error().message;
}

TEST_F(Tls, MissingCertificatesToTrustAreAnError) {
  const Status status = ping(url("localhost") + "?cacert=/nowhere/ca.pem");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kInvalid);
  EXPECT_NE(status.error().message.find("/nowhere/ca.pem"), std::string::npos)
      << status.error().message;
}

}  // namespace
}  // namespace agentainer::tests
