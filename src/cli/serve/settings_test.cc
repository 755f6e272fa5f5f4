// Where each setting comes from, and what is said about one that cannot be.

#include "cli/serve/settings.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

namespace agentainer::cli {
namespace {

using Values = std::map<std::string, std::string>;

class File {
 public:
  explicit File(std::string_view text)
      : path(testing::TempDir() + "settings_" + std::to_string(getpid()) + ".yaml") {
    std::ofstream(path) << text;
  }
  ~File() { std::remove(path.c_str()); }
  const std::string path;
};

Result<EffectiveSettings> resolve(const Values& flags, const Values& environment = {},
                                  const std::string& file = "") {
  return resolve_settings(
      flags,
      [&](const char* name) -> const char* {
        const auto found = environment.find(name);
        return found == environment.end() ? nullptr : found->second.c_str();
      },
      file);
}

Result<ServeSettings> interpreted(const Values& flags) {
  const auto effective = resolve(flags);
  if (!effective) return tl::make_unexpected(effective.error());
  return interpret(*effective);
}

TEST(Settings, ComeFromTheFlagElseTheEnvironmentElseTheFileElseTheDefault) {
  const File file("log_level: debug\nmax_tasks: 3\n\nruntime: mock\n");
  const auto effective = resolve({{"log_level", "error"}},
                                 {{"AGENTAINER_LOG_LEVEL", "warning"},
                                  {"AGENTAINER_MAX_TASKS", "4"},
                                  {"AGENTAINER_RUNTIME", ""}},
                                 file.path);
  ASSERT_TRUE(effective) << effective.error().message;
  const auto shown = [&](std::string_view name) {
    const EffectiveSetting& setting = effective->find(name)->second;
    return setting.value + " by " + setting.origin;
  };
  EXPECT_EQ(shown("log_level"), "error by flag");
  EXPECT_EQ(shown("max_tasks"), "4 by environment AGENTAINER_MAX_TASKS");
  EXPECT_EQ(shown("runtime"), "mock by file " + file.path + ":4") << "an empty variable is none";
  EXPECT_EQ(shown("listen"), "127.0.0.1:8081 by default");
  EXPECT_EQ(effective->size(), settings().size());
}

TEST(Settings, OfADamagedFileAreRefusedWithTheirPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"listen: [", "cannot read the settings"},
      {"- a", "a map of settings is expected"},
      {"\nlissten: x", ":2: there is no setting 'lissten'; known are listen, data,"},
      {"listen: {a: 1}", ":1: listen has to be a text"},
      {"listen:", ":1: listen has to be a text"},
  };
  for (const auto& [text, says] : cases) {
    const File file(text);
    const auto effective = resolve({}, {}, file.path);
    ASSERT_FALSE(effective) << text;
    EXPECT_NE(effective.error().message.find(says), std::string::npos) << effective.error().message;
  }
  EXPECT_FALSE(resolve({}, {}, "/no/such/file"));
  const File empty("# nothing\n");
  EXPECT_TRUE(resolve({}, {}, empty.path));
}

TEST(Settings, AreInterpreted) {
  const auto defaults = interpreted({});
  ASSERT_TRUE(defaults) << defaults.error().message;
  EXPECT_EQ(defaults->listen, "127.0.0.1:8081");
  EXPECT_EQ(defaults->max_tasks, 0u);
  EXPECT_TRUE(defaults->allow_hosts.empty());
  const auto given = interpreted({{"listen", "0.0.0.0:0"},
                                  {"allow_plain", "1"},
                                  {"allow_data_loss", "true"},
                                  {"allow_host", ",a.example,,b,"},
                                  {"max_tasks", "1000000"}});
  ASSERT_TRUE(given) << given.error().message;
  EXPECT_TRUE(given->allow_plain && given->allow_data_loss);
  EXPECT_EQ(given->allow_hosts, (std::vector<std::string>{"a.example", "b"}));
  EXPECT_EQ(given->max_tasks, 1'000'000u);
  EXPECT_TRUE(interpreted({{"listen", "0.0.0.0:1"}, {"tls_cert", "c"}, {"tls_key", "k"}}));
}

TEST(Settings, ThatCannotBeAreNamedWithTheirOrigin) {
  const std::pair<Values, const char*> cases[] = {
      {{{"max_tasks", "-1"}}, "max_tasks is '-1' (flag); it has to be a whole number"},
      {{{"max_tasks", ""}}, "max_tasks is ''"},
      {{{"max_tasks", "3x"}}, "max_tasks is '3x'"},
      {{{"max_tasks", "1000001"}}, "max_tasks is '1000001'"},
      {{{"allow_plain", "yes"}}, "allow_plain is 'yes' (flag); it has to be true or false"},
      {{{"allow_data_loss", "2"}}, "allow_data_loss is '2'"},
      {{{"runtime", "docker"}}, "runtime is 'docker' (flag); it has to be one of process|mock"},
      {{{"log_format", ""}}, "log_format is ''"},
      {{{"log_level", "loud"}}, "log_level is 'loud'"},
      {{{"tls_cert", "c"}}, "tls_cert and tls_key go together"},
      {{{"tls_key", "k"}}, "tls_cert and tls_key go together"},
      {{{"listen", "8081"}}, "listen is '8081'"},
      {{{"listen", ":8081"}}, "listen is ':8081'"},
      {{{"listen", "localhost:"}}, "listen is 'localhost:'"},
      {{{"listen", "0.0.0.0:8081"}}, "--allow-plain"},
  };
  for (const auto& [flags, says] : cases) {
    const auto result = interpreted(flags);
    ASSERT_FALSE(result) << says;
    EXPECT_EQ(result.error().code, ErrorCode::kInvalid);
    EXPECT_NE(result.error().message.find(says), std::string::npos) << result.error().message;
  }
}

TEST(Settings, KnowWhatOnlyThisMachineCanReach) {
  for (const char* listen : {"localhost:1", "127.0.0.1:1", "127.8.9.1:1", "[::1]:1"})
    EXPECT_TRUE(is_loopback(listen)) << listen;
  for (const char* listen : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "example.org:1", "1270.0.0.1:1",
                             "127.0.0.1.example.org:1"})
    EXPECT_FALSE(is_loopback(listen)) << listen;
}

}  // namespace
}  // namespace agentainer::cli
