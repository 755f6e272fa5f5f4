#include <unistd.h>

#include <memory>

#include "cli/command.h"
#include "cli/text/documents.h"
#include "cli/text/format.h"
#include "cli/text/records.h"
#include "workflow/parse.h"

namespace agentainer::cli {
namespace {

constexpr std::size_t kPage = 2000;
constexpr milliseconds kFollowPause{200};

struct Options {
  StoreChoice store;
  std::string reference = "latest";
  ListFormat format = ListFormat::kTable;
  bool follow = false;
};

/// Records as text, page by page.
class EventText {
 public:
  EventText(ListFormat format, std::shared_ptr<const workflow::Definition> definition)
      : format_(format), definition_(std::move(definition)) {}

  /// A page as text.
  Result<std::string> text_of(const std::vector<store::StoredRecord>& page) {
    std::string out;
    for (const store::StoredRecord& stored : page) {
      const Result<engine::Record> record = engine::decode(stored.text, *definition_);
      if (!record) return tl::make_unexpected(record.error());
      if (std::holds_alternative<engine::WorkflowEnded>(record->body)) ended_ = true;
      append(out, stored, *record);
    }
    return out;
  }
  /// What comes after the last page.
  std::string_view last_text() const {
    if (format_ != ListFormat::kJson) return "";
    return first_ ? "[]\n" : "\n]\n";
  }
  bool ended() const { return ended_; }

 private:
  void append(std::string& out, const store::StoredRecord& stored, const engine::Record& record) {
    switch (format_) {
      case ListFormat::kTable: {
        const Description description = describe(record, *definition_);
        out += fmt::format("{}  {}\n", style_.paint(Tone::kFaint, local_clock(record.at)),
                           style_.paint(description.tone, description.text));
        break;
      }
      case ListFormat::kJson:
        out += fmt::format("{}{}", first_ ? "[\n  " : ",\n  ", with_sequence(stored));
        break;
      case ListFormat::kJsonLines:
        out += with_sequence(stored) + '\n';
        break;
      case ListFormat::kYaml:
        out += to_yaml(json::array{parse_json(with_sequence(stored)).value()});
        break;
    }
    first_ = false;
  }
  /// The stored text is an object with at least its type.
  static std::string with_sequence(const store::StoredRecord& stored) {
    return fmt::format("{{\"sequence\":{},{}", stored.sequence,
                       std::string_view(stored.text).substr(1));
  }

  ListFormat format_;
  std::shared_ptr<const workflow::Definition> definition_;
  Style style_ = detect_terminal(STDOUT_FILENO).style;
  bool first_ = true;
  bool ended_ = false;
};

ExitCode print_events(StoreSession& session, const WorkflowId& id, EventText text, bool follow) {
  CommandLoop& loop = session.loop();
  std::uint64_t after = 0;
  while (true) {
    const auto page = session.read_records(id, after, kPage);
    if (!page &&
        (!follow || loop.interruption() != 0 || page.error().code != ErrorCode::kUnavailable)) {
      (void)print_output(text.last_text());
      return fail_command(loop, page.error());
    }
    if (page && !page->empty()) {
      after = page->back().sequence;
      const Result<std::string> lines = text.text_of(*page);
      if (!lines) return fail_command(loop, lines.error());
      if (const std::optional<ExitCode> ended = print_output(*lines)) return *ended;
      continue;
    }
    if (!follow || text.ended()) break;
    if (!loop.sleep(kFollowPause)) break;
  }
  if (const std::optional<ExitCode> ended = print_output(text.last_text())) return *ended;
  return loop.interruption() != 0 ? ExitCode::kCancelled : ExitCode::kOk;
}

ExitCode events(const Options& options) {
  return with_store(options.store, [&](StoreSession& session) {
    CommandLoop& loop = session.loop();
    const Result<WorkflowId> id = session.resolve(options.reference);
    if (!id) return fail_command(loop, id.error());
    const Result<store::LoadedWorkflow> loaded = session.load(*id);
    if (!loaded) return fail_command(loop, loaded.error());
    const auto definition = stored_definition(*loaded);
    if (!definition) return fail_command(loop, definition.error());
    return print_events(session, *id, EventText(options.format, *definition), options.follow);
  });
}

}  // namespace

void add_events(CLI::App& root, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      root, "events", "Print a workflow's history, everything that was decided about it",
      {"agentainer events latest", "agentainer events 01jz8x --follow",
       "agentainer events latest -o jsonl | grep attempt_failed"});
  command
      ->add_option("ID", options->reference,
                   "A workflow's id, the beginning of one, or `latest` [latest]")
      ->type_name("");
  command->add_flag("-f,--follow", options->follow, "Go on until the workflow has ended");
  add_format_option(*command, options->format, {"table", "json", "yaml", "jsonl"});
  add_store_options(*command, options->store);
  command->callback([options, &action] { action = [options] { return events(*options); }; });
}

}  // namespace agentainer::cli
