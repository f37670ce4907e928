// SPDX-License-Identifier: Apache-2.0
// Stands in for libFuzzer in the ordinary suite: feeds a target its corpus and a bounded number of
// mutations of it. Mutation n of a seed is always the same input, so a failure can be repeated
// alone.
//
//   foo_fuzz CORPUS [--seed N] [--runs N] [--only N]
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t input_length_max = 64 * 1024;
constexpr std::chrono::seconds time_max{4};

struct Options {
  std::string corpus;
  std::uint64_t seed = std::random_device{}();
  std::uint64_t runs = 20'000;
  std::optional<std::uint64_t> only;
};

std::optional<Options> read_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (!name.starts_with("--")) {
      options.corpus = name;
      continue;
    }
    if (i + 1 == argc) return std::nullopt;
    const auto number = std::strtoull(argv[++i], nullptr, 10);
    if (name == "--seed")
      options.seed = number;
    else if (name == "--runs")
      options.runs = number;
    else if (name == "--only")
      options.only = number;
    else
      return std::nullopt;
  }
  if (options.corpus.empty()) return std::nullopt;
  return options;
}

std::vector<std::string> read_corpus(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  if (std::filesystem::is_directory(folder))
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> corpus;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return corpus;
}

class Mutator {
 public:
  Mutator(const std::vector<std::string>& corpus, std::uint64_t seed, std::uint64_t number)
      : corpus_(corpus), random_(seed * 0x9e37'79b9'7f4a'7c15U + number) {}

  std::string make() {
    auto input = corpus_[below(corpus_.size())];
    for (auto changes = 1 + below(4); changes > 0; --changes) change(input);
    if (input.size() > input_length_max) input.resize(input_length_max);
    return input;
  }

 private:
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }

  void change(std::string& input) {
    constexpr std::string_view telling("\0\x01\x7f\x80\xff\n\r\"{}:*/ ", 14);
    const auto at = below(input.size() + 1);
    const auto length = below(std::min<std::size_t>(input.size() - at, 32) + 1);
    switch (below(8)) {
      case 0: input.insert(at, 1, telling[below(telling.size())]); break;
      case 1: input.erase(at, length); break;
      case 2: input.insert(at, input.substr(at, length)); break;
      case 3: input.resize(at); break;
      case 4: splice(input, at); break;
      case 5: input.insert(at, below(300), static_cast<char>(below(256))); break;
      default:
        if (at == input.size()) break;
        if (below(2) == 0)
          input[at] = static_cast<char>(below(256));
        else
          input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
    }
  }

  void splice(std::string& input, std::size_t at) {
    const auto& other = corpus_[below(corpus_.size())];
    const auto from = below(other.size() + 1);
    input.insert(at, other, from, below(128));
  }

  const std::vector<std::string>& corpus_;
  std::mt19937_64 random_;
};

// The input in memory of exactly its size, so that a sanitizer sees a read beyond it.
void feed(const std::string& input) {
  const auto copy = std::make_unique<std::uint8_t[]>(input.size());
  std::memcpy(copy.get(), input.data(), input.size());
  LLVMFuzzerTestOneInput(copy.get(), input.size());
}

// Input n: first the corpus as it is, then mutations.
std::string input_of(const std::vector<std::string>& corpus, std::uint64_t seed, std::uint64_t n) {
  return n < corpus.size() ? corpus[n] : Mutator(corpus, seed, n).make();
}

// Says how far it came through `done`, which outlives it.
void run_all(const std::vector<std::string>& corpus, const Options& options, std::uint64_t* done) {
  const auto end = std::chrono::steady_clock::now() + time_max;
  for (*done = 0; *done < corpus.size() + options.runs; ++*done) {
    feed(input_of(corpus, options.seed, *done));
    if (*done >= corpus.size() && std::chrono::steady_clock::now() > end) break;
  }
}

int report_failure(const std::vector<std::string>& corpus, const Options& options,
                   const std::string& program, std::uint64_t number) {
  const auto file = std::filesystem::path(program).filename().string() + "-crash";
  std::ofstream(file, std::ios::binary) << input_of(corpus, options.seed, number);
  std::cerr << "FAILED at input " << number << ", written to "
            << std::filesystem::absolute(file).string() << "; repeat it with\n  " << program << " "
            << options.corpus << " --seed " << options.seed << " --only " << number << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = read_options(argc, argv);
  if (!options) {
    std::cerr << "usage: " << argv[0] << " CORPUS [--seed N] [--runs N] [--only N]\n";
    return 2;
  }
  const auto corpus = read_corpus(options->corpus);
  if (corpus.empty()) {
    std::cerr << options->corpus << " holds no input: a target without a corpus tests nothing\n";
    return 1;
  }
  if (options->only) {
    feed(input_of(corpus, options->seed, *options->only));
    return 0;
  }
  std::cout << "seed " << options->seed << ", corpus " << corpus.size() << std::endl;
  // The target runs in a child, so that its end can be told together with the input that caused it.
  auto* done = static_cast<std::uint64_t*>(::mmap(
      nullptr, sizeof(std::uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  if (done == MAP_FAILED) return 2;
  const auto child = ::fork();
  if (child == 0) {
    run_all(corpus, *options, done);
    std::exit(0);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return 2;
  if (status != 0) return report_failure(corpus, *options, argv[0], *done);
  std::cout << *done << " inputs, 0 findings\n";
  return 0;
}
