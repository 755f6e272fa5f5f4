// What is made from the field tables is up to date, and what the manual shows is true.

#include <gtest/gtest.h>

#include <cstdlib>

#include "workflow/fields.h"
#include "workflow/reference.h"
#include "workflow/test_support.h"

namespace agentainer::workflow {
namespace {

const std::string kRoot = AGENTAINER_SOURCE_DIR;
const std::string kSchema = kRoot + "/schema/workflow.schema.json";
const std::string kManual = kRoot + "/docs/workflow-reference.md";

bool is_update() { return std::getenv("AGENTAINER_UPDATE") != nullptr; }

void write_file(const std::string& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  ASSERT_TRUE(file.flush()) << path;
}

/// The manual with every table between its markers made anew.
std::string with_tables(std::string manual) {
  for (const Table* table : all_tables()) {
    const std::string begin = fmt::format("<!-- fields: {} -->\n", table->name);
    const std::size_t start = manual.find(begin);
    EXPECT_NE(start, std::string::npos)
        << "the manual has no place for the fields of a " << table->name;
    if (start == std::string::npos) continue;
    const std::size_t end = manual.find("<!-- end -->", start);
    manual.replace(start + begin.size(), end - start - begin.size(), field_reference(*table));
  }
  return manual;
}

TEST(Generated, TheSchemaIsTheTables) {
  if (is_update()) write_file(kSchema, json_schema());
  EXPECT_TRUE(read_file(kSchema) == json_schema())
      << "run AGENTAINER_UPDATE=1 workflow_test --gtest_filter='Generated*'";
}

TEST(Generated, TheManualsTablesAreTheTables) {
  const std::string manual = read_file(kManual);
  if (is_update()) write_file(kManual, with_tables(manual));
  EXPECT_TRUE(read_file(kManual) == with_tables(manual))
      << "run AGENTAINER_UPDATE=1 workflow_test --gtest_filter='Generated*'";
}

TEST(Generated, EveryFieldIsInTheManual) {
  const std::string manual = read_file(kManual);
  for (const Table* table : all_tables())
    for (const Field& field : table->fields) {
      EXPECT_NE(manual.find(fmt::format("`{}`", field.name)), std::string::npos) << field.name;
      for (const std::string_view alias : field.aliases)
        EXPECT_TRUE(alias.empty() || manual.find(fmt::format("`{}`", alias)) != std::string::npos)
            << alias;
    }
}

TEST(Generated, EveryExampleOfTheManualParses) {
  const std::string manual = read_file(kManual);
  const std::string fence = "```yaml\n";
  std::size_t examples = 0;
  for (std::size_t at = manual.find(fence); at != std::string::npos;
       at = manual.find(fence, at + 1)) {
    const std::size_t begin = at + fence.size();
    const std::string example = manual.substr(begin, manual.find("```", begin) - begin);
    EXPECT_EQ(problems(example), "") << example;
    ++examples;
  }
  EXPECT_GE(examples, 8u);
}

TEST(Generated, FieldsHaveOneMeaningEach) {
  for (const Table* table : all_tables())
    for (const Field& field : table->fields) {
      EXPECT_EQ(table->find(field.name), &field);
      for (const std::string_view alias : field.aliases)
        EXPECT_TRUE(alias.empty() || table->find(alias) == &field) << alias;
      EXPECT_EQ(field.shape == Shape::kObject || field.shape == Shape::kObjectList,
                field.table != nullptr);
      EXPECT_EQ(field.shape == Shape::kEnum || field.shape == Shape::kEnumList,
                !field.choices.empty());
      EXPECT_FALSE(field.doc.empty());
    }
}

}  // namespace
}  // namespace agentainer::workflow
