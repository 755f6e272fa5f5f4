#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "api/api.h"
#include "base/log.h"
#include "base/time_text.h"
#include "cli/command.h"
#include "cli/data_directory.h"
#include "cli/run_session.h"
#include "cli/serve/notify.h"
#include "cli/serve/server_file.h"
#include "cli/serve/settings.h"
#include "cli/text/terminal.h"
#include "net/http/server.h"

namespace agentainer::cli {
namespace {

struct Options {
  std::map<std::string, std::string> flags;
  std::string config;
};

Result<EffectiveSettings> resolve(const Options& options) {
  return resolve_settings(
      options.flags, [](const char* name) { return std::getenv(name); }, options.config);
}

std::string_view level_name(log::Level level) {
  switch (level) {
    case log::Level::kDebug:
      return "debug";
    case log::Level::kInfo:
      return "info";
    case log::Level::kWarning:
      return "warning";
    case log::Level::kError:
    case log::Level::kOff:
      return "error";
  }
  return "error";
}

void set_up_log(const ServeSettings& settings) {
  for (const log::Level level :
       {log::Level::kDebug, log::Level::kInfo, log::Level::kWarning, log::Level::kError})
    if (settings.log_level == level_name(level)) log::set_level(level);
  const bool as_json = settings.log_format == "json" ||
                       (settings.log_format == "auto" && isatty(STDERR_FILENO) == 0);
  log::redirect([as_json](log::Level level, std::string_view message) {
    const auto now = std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
    print_error(as_json ? to_text(json::object{{"at", utc_time(now)},
                                               {"level", level_name(level)},
                                               {"message", to_valid_utf8(message)}}) +
                              '\n'
                        : fmt::format("{} {:<7} {}\n", utc_time(now), level_name(level), message));
  });
}

/// The server with everything in it, from start to drain.
class Service {
 public:
  Service(CommandLoop& loop, ServeSettings settings)
      : loop_(loop), settings_(std::move(settings)) {}

  ExitCode run() {
    if (const Status started = start(); !started) {
      session_.reset();
      return fail_command(loop_, started.error());
    }
    loop_.set_signal_handler([this](int signal) { on_signal(signal); });
    loop_.run_until([this] { return is_drained_ || leaves_at_once_; });
    return stop();
  }

 private:
  struct Nothing {};

  template <typename Start>
  Status await(Start&& start) {
    const auto result = loop_.await<Nothing>([&](auto done) {
      start([done](const Status& status) {
        done(status ? Result<Nothing>(Nothing{}) : tl::make_unexpected(status.error()));
      });
    });
    return result ? Status() : tl::make_unexpected(result.error());
  }

  Status start() {
    RunChoice choice;
    choice.store = {settings_.data, settings_.redis, settings_.allow_data_loss};
    choice.runtime = settings_.runtime == "mock" ? RuntimeKind::kMock : RuntimeKind::kProcess;
    choice.max_tasks = settings_.max_tasks;
    choice.take_over_interval = milliseconds(2000);
    auto session = RunSession::create(loop_, choice);
    if (!session) return tl::make_unexpected(session.error());
    session_ = std::move(*session);
    if (const Status opened = session_->open(); !opened) return opened;
    store::Store& store = session_->stored().store();
    access_ = std::make_unique<api::Access>(loop_.events(), store);
    if (const Status loaded = await([&](auto done) { access_->load(done); }); !loaded)
      return loaded;
    if (const Status made = make_first_token(); !made) return made;
    access_->keep_fresh();
    return listen(store);
  }

  /// Nobody could get in without one; commands on this machine read it in the data directory.
  Status make_first_token() {
    const Result<std::string> kept = read_token_file(session_->data_directory());
    if (kept && access_->check(*kept)) return {};
    if (!access_->tokens().empty() && !settings_.redis.empty()) return {};  // of another server
    api::NewToken made = api::make_token("first start", api::Scope::kAdmin, loop_.events().now());
    if (const Status added = await([&](auto done) { access_->add(std::move(made.token), done); });
        !added)
      return added;
    const Status written = write_token_file(session_->data_directory(), made.text);
    if (written)
      log::info("a token with all rights is in {}", token_path(session_->data_directory()));
    return written;
  }

  Status listen(store::Store& store) {
    api::Options options;
    options.version = AGENTAINER_VERSION;
    options.data_directory = session_->data_directory();
    options.source_directory = std::filesystem::absolute(settings_.source_directory).string();
    options.hosts = settings_.allow_hosts;
    if (is_loopback(settings_.listen))
      options.hosts.insert(options.hosts.end(), {"localhost", "127.0.0.1", "[::1]"});
    api_ = std::make_unique<api::Api>(loop_.events(), session_->server(), store, *access_,
                                      std::move(options));
    http_ = std::make_unique<net::HttpServer>(loop_.events(), *api_, net::HttpLimits());
    std::optional<net::TlsFiles> tls;
    if (!settings_.tls_cert.empty()) tls = net::TlsFiles{settings_.tls_cert, settings_.tls_key};
    if (const Status listening = http_->listen(settings_.listen, tls); !listening) return listening;
    const std::string url = fmt::format("{}://{}", tls ? "https" : "http", http_->address());
    if (const Status written =
            write_server_file(session_->data_directory(), {url, std::int64_t{getpid()}});
        !written)
      return written;
    session_->server().take_over([](const Status& status) {
      if (!status) log::warning("taking up unfinished workflows: {}", status.error().message);
    });
    log::info("listening on {}", url);
    notify_service_manager("READY=1");
    return {};
  }

  void on_signal(int signal) {
    if (signal != SIGINT && signal != SIGTERM) return;  // it outlives its terminal
    if (is_draining_) {
      log::warning("leaving at once");
      leaves_at_once_ = true;
      return loop_.interrupt(signal);
    }
    is_draining_ = true;
    log::info(
        "stopping: no new tasks; {} workflows go on at the next start; a second signal leaves "
        "at once",
        session_->server().running());
    notify_service_manager("STOPPING=1");
    api_->begin_drain();
    session_->server().drain([this] {
      is_drained_ = true;
      loop_.wake();
    });
  }

  ExitCode stop() {
    loop_.set_signal_handler(nullptr);
    remove_server_file(session_->data_directory());
    http_->stop_accepting();
    http_.reset();
    api_.reset();
    access_.reset();
    if (leaves_at_once_) {
      session_->abandon();
    } else {
      session_->close();
    }
    log::redirect(nullptr);
    return ExitCode::kOk;
  }

  CommandLoop& loop_;
  ServeSettings settings_;
  // Each is used by what stands below it.
  std::unique_ptr<RunSession> session_;
  std::unique_ptr<api::Access> access_;
  std::unique_ptr<api::Api> api_;
  std::unique_ptr<net::HttpServer> http_;
  bool is_draining_ = false;
  bool is_drained_ = false;
  bool leaves_at_once_ = false;
};

ExitCode serve(const Options& options) {
  const auto effective = resolve(options);
  const auto settings = effective ? interpret(*effective)
                                  : Result<ServeSettings>(tl::make_unexpected(effective.error()));
  if (!settings) {
    complain(settings.error().message);
    return ExitCode::kUsage;
  }
  set_up_log(*settings);
  CommandLoop loop;
  return Service(loop, *settings).run();
}

ExitCode show_config(const Options& options) {
  const auto effective = resolve(options);
  if (!effective) {
    complain(effective.error().message);
    return ExitCode::kUsage;
  }
  std::string text;
  for (const Setting& setting : settings()) {
    const EffectiveSetting& value = effective->find(setting.name)->second;
    text += fmt::format("{}: {}  # {}\n", setting.name, value.value.empty() ? "\"\"" : value.value,
                        value.origin);
  }
  const std::optional<ExitCode> printed = print_output(text);
  const auto valid = interpret(*effective);
  if (valid) return printed.value_or(ExitCode::kOk);
  complain(valid.error().message);
  return ExitCode::kUsage;
}

void add_settings(CLI::App& command, Options& options) {
  command
      .add_option("--config", options.config,
                  "YAML file with settings, by the names of the options")
      ->type_name("FILE");
  for (const Setting& setting : settings()) {
    std::string flag = "--" + std::string(setting.name);
    for (char& c : flag)
      if (c == '_') c = '-';
    const std::string name(setting.name);
    std::string description(setting.description);
    if (!setting.default_value.empty() && !setting.value_name.empty())
      description += fmt::format(" [{}]", setting.default_value);
    if (setting.value_name.empty()) {
      command.add_flag_callback(
          flag, [&options, name] { options.flags[name] = "true"; }, description);
    } else {
      command
          .add_option_function<std::string>(
              flag, [&options, name](const std::string& value) { options.flags[name] = value; },
              description)
          ->type_name(std::string(setting.value_name));
    }
  }
}

}  // namespace

void add_serve(CLI::App& root, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      root, "serve", "Run the server: the HTTP API and the workflows given to it",
      {"agentainer serve", "agentainer serve --listen 127.0.0.1:9000 --data /var/lib/agentainer",
       "agentainer serve --config server.yaml --log-format json"},
      "The first start makes a token with all rights, in the file 'token' of the data directory.\n"
      "SIGTERM and Ctrl-C stop it: no new tasks start, and when those that run have ended it\n"
      "leaves; a second signal leaves at once. Unfinished workflows go on at the next start.\n");
  add_settings(*command, *options);
  command->callback([options, &action] { action = [options] { return serve(*options); }; });
}

void add_config(CLI::App& root, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      add_command(root, "config", "Show the settings of the server and where each comes from",
                  {"agentainer config", "agentainer config --config server.yaml"});
  add_settings(*command, *options);
  command->callback([options, &action] { action = [options] { return show_config(*options); }; });
}

}  // namespace agentainer::cli
