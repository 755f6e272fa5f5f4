#include "cli/program.h"

int main(int argc, char** argv) { return agentainer::cli::run_program(argc, argv); }
