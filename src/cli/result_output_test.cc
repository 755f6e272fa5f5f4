#include "cli/result_output.h"

#include <gtest/gtest.h>

#include "cli/data_directory.h"
#include "cli/run_session.h"
#include "cli/workflow_id.h"

namespace agentainer::cli {
namespace {

TEST(KeyText, IsWhatAScriptWants) {
  const json::object state =
      parse_json(R"({"text":"a b","number":3,"list":[1,2],"deep":{"x":{"y":"z"}}})")
          .value()
          .get_object();
  EXPECT_EQ(key_text(state, "text", false).value(), "a b\n");
  EXPECT_EQ(key_text(state, "number", false).value(), "3\n");
  EXPECT_EQ(key_text(state, "list", false).value(), "[1,2]\n");
  EXPECT_EQ(key_text(state, "deep.x.y", false).value(), "z\n");
  const auto missing = key_text(state, "numbr", false);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_NE(missing.error().message.find("did you mean 'number'?"), std::string::npos);
  EXPECT_NE(missing.error().message.find("text, number, list, deep"), std::string::npos);
}

TEST(ChooseDataDirectory, FirstTheOptionThenTheEnvironment) {
  const DataEnvironment all{"/from/env", "/xdg", "/home/user"};
  EXPECT_EQ(choose_data_directory("given", all).value(), "given");
  EXPECT_EQ(choose_data_directory("", all).value(), "/from/env");
  EXPECT_EQ(choose_data_directory("", {{}, "/xdg", "/home/user"}).value(), "/xdg/agentainer");
  EXPECT_EQ(choose_data_directory("", {{}, {}, "/home/user"}).value(),
            "/home/user/.local/share/agentainer");
  EXPECT_EQ(choose_data_directory("", {{}, "relative", "/home/user"}).value(),
            "/home/user/.local/share/agentainer");
  EXPECT_FALSE(choose_data_directory("", {}));
}

TEST(DefaultMaxTasks, GrowsWithTheCores) {
  EXPECT_EQ(default_max_tasks(RuntimeKind::kProcess, 1), 16u);
  EXPECT_EQ(default_max_tasks(RuntimeKind::kProcess, 32), 128u);
  EXPECT_EQ(default_max_tasks(RuntimeKind::kMock, 1), 1024u);
}

TEST(MakeWorkflowId, IsOfItsTimeAndNeverTwiceTheSame) {
  const TimePoint now(1'700'000'000'123ms);
  const WorkflowId first = make_workflow_id(now);
  EXPECT_EQ(first.unix_ms(), 1'700'000'000'123u);
  EXPECT_NE(first, make_workflow_id(now));
}

}  // namespace
}  // namespace agentainer::cli
