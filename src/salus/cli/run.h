#pragma once

namespace salus::cli {

/// The whole program: parses, runs the chosen command, prints its failure. The exit code
/// (docs/architecture.md, "Exit codes").
int run(int argc, const char* const* argv);

}  // namespace salus::cli
