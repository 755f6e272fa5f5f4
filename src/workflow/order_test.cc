// The order of steps: implicit, named, of branches; and what is wrong with it.

#include <gtest/gtest.h>

#include "workflow/test_support.h"

namespace agentainer::workflow {
namespace {

std::string file(std::string_view steps) { return "name: test\nsteps:\n" + std::string(steps); }
std::string order(std::string_view steps) { return order_of(good(file(steps))); }

TEST(Order, AStepFollowsTheOneBeforeItUnlessItSaysOtherwise) {
  EXPECT_EQ(order("- {id: a, image: x}\n"
                  "- {id: b, image: x}\n"
                  "- {id: c, image: x, depends_on: []}\n"
                  "- {id: d, image: x, depends_on: [b, a, b]}\n"
                  "- {id: e, image: x, depends_on: f}\n"
                  "- {id: f, image: x, depends_on: c}\n"
                  "- {id: g, image: x}\n"),
            "a <-\nb <- a\nc <-\nd <- a b\ne <- f\nf <- c\ng <- f\n");
}

TEST(Order, DependentsAreTheReverse) {
  const Definition definition =
      good(file("- {id: a, image: x}\n- {id: b, image: x, depends_on: [a]}\n"
                "- {id: c, image: x, depends_on: [a]}\n"));
  EXPECT_EQ(definition.steps[0].dependents, (std::vector{StepIndex{1}, StepIndex{2}}));
  EXPECT_EQ(definition.find("c"), StepIndex{2});
  EXPECT_EQ(definition.find("d"), std::nullopt);
}

TEST(Order, ABranchesPathsAreJoined) {
  EXPECT_EQ(order("- {id: start, image: x}\n"
                  "- {id: ask, type: branch, branch: {condition: 'true', true_steps: yes1, "
                  "false_steps: [no1]}}\n"
                  "- {id: yes1, image: x}\n"
                  "- {id: yes2, image: x}\n"
                  "- {id: no1, image: x}\n"
                  "- {id: join, image: x}\n"
                  "- {id: end, image: x}\n"),
            "start <-\nask <- start\nyes1 <- ask\nyes2 <- yes1\nno1 <- ask\njoin <- yes2 no1\nend "
            "<- join\n");
}

TEST(Order, AJoinAfterABranchThatMaySelectNothingAlsoDependsOnTheBranch) {
  EXPECT_EQ(order("- {id: ask, type: branch, branch: {condition: 'true', true_steps: yes}}\n"
                  "- {id: yes, image: x}\n"
                  "- {id: join, image: x}\n"
                  "- {id: end, image: x}\n"),
            "ask <-\nyes <- ask\njoin <- ask yes\nend <- join\n");
  EXPECT_EQ(
      order("- {id: ask, type: decision, decision: {choices: [{condition: 'true', next: a}]}}\n"
            "- {id: a, image: x}\n"
            "- {id: join, image: x}\n"),
      "ask <-\na <- ask\njoin <- ask a\n");
  EXPECT_EQ(order("- {id: ask, type: decision, decision: {choices: [{condition: 'true', next: a}], "
                  "default: b}}\n"
                  "- {id: a, image: x}\n"
                  "- {id: b, image: x}\n"
                  "- {id: join, image: x}\n"),
            "ask <-\na <- ask\nb <- ask\njoin <- a b\n");
}

TEST(Order, NestedBranchesJoinOnce) {
  EXPECT_EQ(order("- {id: outer, type: branch, branch: {condition: 'true', true_steps: inner, "
                  "false_steps: c}}\n"
                  "- {id: inner, type: branch, branch: {condition: 'true', true_steps: a, "
                  "false_steps: b}}\n"
                  "- {id: a, image: x}\n"
                  "- {id: b, image: x}\n"
                  "- {id: c, image: x}\n"
                  "- {id: join, image: x}\n"),
            "outer <-\ninner <- outer\na <- inner\nb <- inner\nc <- outer\njoin <- a b c\n");
  // The inner paths join on their own before the outer's last target.
  EXPECT_EQ(
      order("- {id: outer, type: branch, branch: {condition: 'true', true_steps: inner, "
            "false_steps: c}}\n"
            "- {id: inner, type: branch, branch: {condition: 'true', true_steps: a, false_steps: "
            "b}}\n"
            "- {id: a, image: x}\n"
            "- {id: b, image: x}\n"
            "- {id: ab, image: x}\n"
            "- {id: c, image: x}\n"
            "- {id: join, image: x}\n"),
      "outer <-\ninner <- outer\na <- inner\nb <- inner\nab <- a b\nc <- outer\njoin <- ab c\n");
}

TEST(Order, TargetsKeepTheirOwnDependenciesAndGetTheBranch) {
  EXPECT_EQ(order("- {id: other, image: x}\n"
                  "- {id: ask, type: branch, depends_on: [], branch: {condition: 'true', "
                  "true_steps: [t, u]}}\n"
                  "- {id: t, image: x, depends_on: [other]}\n"
                  "- {id: u, image: x, depends_on: [ask]}\n"),
            "other <-\nask <-\nt <- other ask\nu <- ask\n");
}

TEST(Order, ATargetMayBeListedBeforeItsBranchWhereNothingLeadsFromItThere) {
  EXPECT_EQ(
      order(
          "- {id: t, image: x}\n"
          "- {id: ask, type: branch, depends_on: [], branch: {condition: 'true', true_steps: t}}\n"
          "- {id: end, image: x}\n"),
      "t <- ask\nask <-\nend <- ask\n");
}

TEST(Order, MapReduceIsTwoSteps) {
  EXPECT_EQ(order("- {id: list, image: x}\n"
                  "- {id: count, type: mapreduce, image: x, map: {input_path: urls}}\n"
                  "- {id: end, image: x}\n"),
            "list <-\ncount_map <- list\ncount <- count_map\nend <- count\n");
  // To select it is to select its map.
  const Definition definition =
      good(file("- {id: ask, type: branch, branch: {condition: 'true', true_steps: count, "
                "false_steps: other}}\n"
                "- {id: count, type: mapreduce, image: x, map: {input_path: urls}}\n"
                "- {id: other, image: x}\n"
                "- {id: join, image: x}\n"));
  EXPECT_EQ(order_of(definition),
            "ask <-\ncount_map <- ask\ncount <- count_map\nother <- ask\njoin <- count other\n");
  EXPECT_EQ(definition.steps[0].choices[0].next, std::vector{StepIndex{1}});
}

TEST(Order, MistakesAreTold) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"- {id: fetch, image: x}\n- {id: b, image: x, depends_on: [fech]}\n",
       "4:34: there is no step 'fech'; did you mean 'fetch'?\n"},
      {"- {id: a, image: x, depends_on: a}\n", "3:33: step 'a' cannot depend on itself\n"},
      {"- {id: a, image: x}\n- {id: b, image: x}\n- {id: a, image: x}\n",
       "5:8: step 'a' is already defined on line 3\n"},
      {"- {id: a, type: mapreduce, image: x, map: {input_path: p}}\n- {id: a_map, image: x}\n",
       "4:8: step 'a_map' is already defined on line 3\n"},
      {"- {id: a, type: mapreduce, image: x, map: {input_path: p}}\n"
       "- {id: a, type: mapreduce, image: x, map: {input_path: p}}\n",
       "4:8: step 'a' is already defined on line 3\n"},
      {"- {id: a, image: x, depends_on: [b]}\n- {id: b, image: x, depends_on: [a]}\n",
       "3:34: these steps wait for each other: a -> b -> a\n"},
      {"- {id: a, image: x, depends_on: [c]}\n- {id: b, image: x}\n- {id: c, image: x}\n",
       "3:34: these steps wait for each other: a -> c -> b -> a\n"},
      {"- {id: a, image: x, depends_on: [b]}\n- {id: b, image: x, depends_on: [a]}\n"
       "- {id: c, image: x, depends_on: [d]}\n- {id: d, image: x, depends_on: [c, a]}\n",
       "3:34: these steps wait for each other: a -> b -> a\n"
       "5:34: these steps wait for each other: c -> d -> c\n"},
      {"- {id: t, image: x}\n"
       "- {id: ask, type: branch, branch: {condition: 'true', true_steps: t}}\n",
       "4:67: step 'ask' cannot select 't', which runs before it: t -> ask -> t\n"},
      {"- {id: ask, type: branch, branch: {condition: 'true', true_steps: ask}}\n",
       "3:67: step 'ask' cannot select itself\n"},
      {"- {id: a, image: x}\n"
       "- {id: ask, type: branch, branch: {condition: 'true', true_steps: aa}}\n",
       "4:67: there is no step 'aa'; did you mean 'a'?\n"},
      {"- {id: r, type: reduce, image: x}\n",
       "3:8: reduce step 'r' has nothing to reduce: it must depend on a step whose results it "
       "gets\n"},
      {"- {id: a, image: x}\n- {id: r, type: reduce, image: x, depends_on: []}\n",
       "4:8: reduce step 'r' has nothing to reduce: it must depend on a step whose results it "
       "gets\n"},
  };
  for (const auto& [steps, expected] : table) EXPECT_EQ(problems(file(steps)), expected) << steps;
}

TEST(Order, ALongCycleIsShownInPart) {
  std::string steps;
  for (int i = 0; i < 100; ++i)
    steps += fmt::format("- {{id: s{}, image: x, depends_on: [s{}]}}\n", i, (i + 1) % 100);
  EXPECT_EQ(problems(file(steps)),
            "3:35: these steps wait for each other: s0 -> s1 -> s2 -> s3 -> s4 -> s5 -> s6 -> s7 "
            "-> … (91 more) "
            "-> s99 -> s0\n");
}

TEST(Order, WhatMayNotHaveRunCannotBeRead) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"- {id: a, image: x}\n- {id: b, image: x}\n- {id: c, command: [\"${{ steps.a.output "
       "}}\"]}\n",
       ""},
      {"- {id: a, image: x}\n- {id: b, image: x, depends_on: []}\n"
       "- {id: c, command: [y, \"${{ steps.a.output }}\"]}\n",
       "5:35: step 'a' may not have run yet; add it to 'depends_on' of step 'c'\n"},
      {"- {id: a, image: x, condition: 'has(steps.b.output)'}\n- {id: b, image: x}\n",
       "3:43: step 'b' may not have run yet; add it to 'depends_on' of step 'a'\n"},
      {"- {id: a, image: x, env: {A: \"${{ steps['a'].output }}\"}}\n",
       "3:42: step 'a' cannot read itself: it has not run yet\n"},
      {"- {id: a, image: x, input: {deep: [1, \"${{ steps.fech.output }}\"]}}\n- {id: fetch, "
       "image: x}\n",
       "3:50: there is no step 'fech'; did you mean 'fetch'?\n"},
      {"- {id: a, image: x}\n- {id: m, type: map, image: x, depends_on: [], map: {input_path: "
       "steps.a.output.urls}}\n",
       "4:72: step 'a' may not have run yet; add it to 'depends_on' of step 'm'\n"},
      {"- {id: a, image: x}\n- {id: m, type: map, image: x, map: {input_path: "
       "$.steps.a.output.urls}}\n",
       ""},
      // What is misspelt is taken for what it resembles; what resembles nothing may be anything.
      {"- {id: a, image: x}\n- {id: b, image: x, depends_on: [zzzzzz]}\n- {id: c, command: [\"${{ "
       "steps.a.output }}\"]}\n",
       "4:34: there is no step 'zzzzzz'\n"},
      {"- {id: first, image: x, depends_on: [secnd]}\n- {id: second, image: x}\n",
       "3:38: there is no step 'secnd'; did you mean 'second'?\n"},
      {"- {id: fetch, image: x}\n- {id: b, image: x, depends_on: [fech]}\n"
       "- {id: c, command: [\"${{ steps.fetch.output }}\"]}\n",
       "4:34: there is no step 'fech'; did you mean 'fetch'?\n"},
  };
  for (const auto& [steps, expected] : table) EXPECT_EQ(problems(file(steps)), expected) << steps;
}

}  // namespace
}  // namespace agentainer::workflow
