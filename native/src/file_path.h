// file_path.h - where a file of a folder is.
#ifndef REWARDPOOL_NATIVE_SRC_FILE_PATH_H_
#define REWARDPOOL_NATIVE_SRC_FILE_PATH_H_

#include <string>
#include <string_view>

namespace rewardpool::native {

[[nodiscard]] inline std::string PathOf(std::string_view folder, std::string_view file_name) {
  std::string path(folder);
  if (!path.empty() && path.back() != '/') path.push_back('/');
  return path.append(file_name);
}

}  // namespace rewardpool::native

#endif  // REWARDPOOL_NATIVE_SRC_FILE_PATH_H_
