#include "salus/cli/run.h"

int main(int argc, char** argv) {
    return salus::cli::run(argc, argv);
}
