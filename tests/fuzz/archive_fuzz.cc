// An archive of any bytes: no crash, no error of an unexpected kind, and what is
// accepted is written back to the same bytes.
//
// Every input is read twice: as it is, and as the entries of an archive whose
// checksums, list and end are put in, since no fuzzer finds those by itself.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/require.h"
#include "rewardpool/crc32c.h"
#include "rewardpool/pool_archive.h"
#include "support/bytes.h"
#include "ustar_header.h"

namespace rewardpool::tests {
namespace {

using internal::kUstarBlockBytes;

void Read(std::span<const std::byte> bytes) {
  const Result<MemoryDisk> files = DecodePoolArchive(bytes);
  if (!files.ok()) {
    const StatusCode code = files.status().code();
    Require(code == StatusCode::kCorrupt || code == StatusCode::kUnsupported,
            "a bad archive is corrupt or unsupported");
    return;
  }
  const Result<ByteBuffer> written = EncodePoolArchive(*files);
  Require(written.ok(), "what was read can be written");
  Require(std::ranges::equal(written->bytes(), bytes), "an archive has one form");
}

void PutSum(std::span<std::byte> header) {
  constexpr std::size_t kSumAt = 148;
  std::fill_n(header.begin() + kSumAt, 8, std::byte{' '});
  std::uint32_t sum = 0;
  for (const std::byte byte : header) sum += static_cast<std::uint32_t>(byte);
  for (std::size_t i = kSumAt + 6; i-- > kSumAt; sum >>= 3) {
    header[i] = static_cast<std::byte>('0' + (sum & 7));
  }
  header[kSumAt + 6] = std::byte{0};
}

void AppendLine(std::span<const std::byte> content, std::string_view name, std::string& list) {
  std::uint32_t crc = Crc32c(0, content);
  std::string digits(8, '0');
  for (std::size_t i = 8; i-- > 0; crc >>= 4) digits[i] = "0123456789abcdef"[crc & 15];
  list.append(digits).append(" ").append(std::to_string(content.size())).append(" ");
  list.append(name).append("\n");
}

// Takes the entries of `input` as far as they go, and completes them.
std::vector<std::byte> Completed(std::span<const std::byte> input) {
  std::vector<std::byte> archive;
  std::string list;
  while (input.size() >= kUstarBlockBytes) {
    const auto entry = internal::ReadUstarHeader(input.first<kUstarBlockBytes>());
    if (!entry || entry->name == "checksums") break;
    const std::uint64_t size = entry->size;
    if (size > input.size() - kUstarBlockBytes) break;
    const std::uint64_t blocks = 1 + (size + kUstarBlockBytes - 1) / kUstarBlockBytes;
    AppendLine(input.subspan(kUstarBlockBytes, size), entry->name, list);
    const std::size_t begin = archive.size();
    const auto taken =
        input.first(std::min<std::uint64_t>(blocks * kUstarBlockBytes, input.size()));
    archive.insert(archive.end(), taken.begin(), taken.end());
    archive.resize(begin + blocks * kUstarBlockBytes);
    PutSum(std::span(archive).subspan(begin, kUstarBlockBytes));
    input = input.subspan(taken.size());
  }
  const std::string above = list;
  AppendLine(Bytes(above), "checksums", list);
  const auto header = internal::MakeUstarHeader("checksums", list.size());
  archive.insert(archive.end(), header->begin(), header->end());
  const std::vector<std::byte> text = Bytes(list);
  archive.insert(archive.end(), text.begin(), text.end());
  archive.resize((archive.size() + kUstarBlockBytes - 1) / kUstarBlockBytes * kUstarBlockBytes +
                 2 * kUstarBlockBytes);
  return archive;
}

}  // namespace
}  // namespace rewardpool::tests

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rewardpool::tests;
  const std::span<const std::byte> input = std::as_bytes(std::span<const std::uint8_t>(data, size));
  Read(input);
  Read(Completed(input));
  return 0;
}
