#include "cli/store_session.h"

#include <algorithm>

#include "base/log.h"
#include "cli/data_directory.h"
#include "server/recovery.h"
#include "workflow/parse.h"

namespace agentainer::cli {
namespace {

constexpr std::size_t kIdCharacters = 26;
constexpr std::size_t kNamedCandidates = 5;

/// The largest id that begins with `prefix`; nothing when no id can.
std::optional<WorkflowId> last_with_prefix(std::string prefix) {
  prefix.resize(kIdCharacters, 'z');
  return WorkflowId::parse(prefix);
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

}  // namespace

Result<std::unique_ptr<StoreSession>> StoreSession::open(CommandLoop& loop,
                                                         const StoreChoice& choice, bool create) {
  Result<std::string> path = choose_data_directory(choice.data, data_environment());
  if (!path) return tl::make_unexpected(path.error());
  // Reading from a Redis elsewhere needs no data directory of ours.
  const bool needed = create || choice.redis.empty();
  if (needed && !create && !data_directory_exists(*path))
    return fail(ErrorCode::kNotFound, "nothing has been run yet: there is no data directory {}",
                *path);
  if (needed) path = prepare_data_directory(*path);
  if (!path) return tl::make_unexpected(path.error());

  std::unique_ptr<StoreSession> session(new StoreSession(loop, *path));
  store::StoreOptions options;
  if (!choice.redis.empty()) options.redis_url = choice.redis;
  options.data_directory = *path;
  options.redis.allow_data_loss = choice.allow_data_loss;
  auto store = loop.await<std::unique_ptr<store::OpenStore>>(
      [&](auto done) { store::OpenStore::open(loop.events(), options, std::move(done)); });
  if (!store) return tl::make_unexpected(store.error());
  session->store_ = std::move(*store);
  for (const std::string& warning : session->store_->facts().warnings) log::warning("{}", warning);
  return session;
}

void StoreSession::close() {
  if (!store_) return;
  loop_.forget_interruption();
  struct Nothing {};
  const Result<Nothing> closed = loop_.await<Nothing>([&](auto done) {
    store_->close([done](const Status& status) {
      done(status ? Result<Nothing>(Nothing{}) : tl::make_unexpected(status.error()));
    });
  });
  if (!closed) log::warning("closing the store: {}", closed.error().message);
  store_.reset();
}

Result<store::WorkflowPage> StoreSession::list(store::ListQuery query) {
  return loop_.await<store::WorkflowPage>(
      [&](auto done) { store().list(std::move(query), std::move(done)); });
}

Result<std::vector<store::UnfinishedWorkflow>> StoreSession::list_unfinished() {
  constexpr std::size_t kPage = 500;
  std::vector<store::UnfinishedWorkflow> all;
  std::optional<WorkflowId> after;
  while (true) {
    auto page = loop_.await<std::vector<store::UnfinishedWorkflow>>(
        [&](auto done) { store().list_unfinished(after, kPage, std::move(done)); });
    if (!page) return tl::make_unexpected(page.error());
    all.insert(all.end(), page->begin(), page->end());
    if (page->size() < kPage) return all;
    after = page->back().id;
  }
}

Result<std::vector<store::StoredRecord>> StoreSession::read_records(const WorkflowId& id,
                                                                    std::uint64_t after,
                                                                    std::size_t limit) {
  return loop_.await<std::vector<store::StoredRecord>>(
      [&](auto done) { store().read_records(id, after, limit, std::move(done)); });
}

Result<store::LoadedWorkflow> StoreSession::load(const WorkflowId& id) {
  return loop_.await<store::LoadedWorkflow>([&](auto done) { store().load(id, std::move(done)); });
}

Result<WorkflowId> StoreSession::resolve(const std::string& reference) {
  const auto nothing = [&] {
    return fail(ErrorCode::kNotFound,
                "there is no workflow '{}'; `agentainer list` shows those there are", reference);
  };
  std::optional<WorkflowId> before;
  std::string prefix;
  if (reference != "latest") {
    prefix = lower(reference);
    if (prefix.empty() || prefix.size() > kIdCharacters) return nothing();
    if (prefix.size() == kIdCharacters) {
      const std::optional<WorkflowId> id = WorkflowId::parse(prefix);
      return id ? Result<WorkflowId>(*id) : nothing();
    }
    before = last_with_prefix(prefix);
    if (!before) return nothing();
  }
  auto page = list({.before = before, .limit = kNamedCandidates + 1});
  if (!page) return tl::make_unexpected(page.error());
  std::vector<store::WorkflowSummary>& found = page->workflows;
  std::erase_if(found, [&](const store::WorkflowSummary& summary) {
    return !summary.id.text().starts_with(prefix);
  });
  if (found.empty() && prefix.empty())
    return fail(ErrorCode::kNotFound, "no workflow has been run yet");
  if (found.empty()) return nothing();
  if (prefix.empty() || found.size() == 1) return found.front().id;
  std::string names;
  for (std::size_t i = 0; i < std::min(found.size(), kNamedCandidates); ++i)
    names += fmt::format("\n  {}  {}", found[i].id.text(), found[i].name);
  return fail(ErrorCode::kInvalid, "several workflows begin with '{}':{}{}", reference, names,
              found.size() > kNamedCandidates ? "\n  and more" : "");
}

Result<std::shared_ptr<const workflow::Definition>> stored_definition(
    const store::LoadedWorkflow& loaded) {
  workflow::ParseResult parsed = workflow::parse(loaded.origin.definition);
  if (parsed.definition) return parsed.definition;
  return fail(
      ErrorCode::kInvalid,
      "the stored definition of workflow {} does not fit this version of agentainer:\n{}",
      loaded.id.text(),
      workflow::render(parsed.diagnostics, loaded.origin.name, loaded.origin.definition, false));
}

Result<OpenedWorkflow> open_workflow(store::LoadedWorkflow loaded) {
  auto definition = stored_definition(loaded);
  if (!definition) return tl::make_unexpected(definition.error());
  Result<engine::WorkflowState> state = server::rebuild(loaded, std::move(*definition));
  if (!state) return tl::make_unexpected(state.error());
  return OpenedWorkflow{std::move(loaded), std::move(*state)};
}

}  // namespace agentainer::cli
