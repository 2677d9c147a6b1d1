# Writes a source file with the CSV files of FOLDER in it:
#   cmake -D FOLDER=… -D OUTPUT=… -P embed.cmake
file(GLOB files ${FOLDER}/*.csv)
list(SORT files)
set(entries "")
foreach(path IN LISTS files)
  get_filename_component(name ${path} NAME)
  file(READ ${path} text)
  string(APPEND entries "    {\"${name}\", R\"csv(${text})csv\"},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"sim/published/figures/data_files.hpp\"

namespace pipesim::published {

namespace {

constexpr EmbeddedFile files[] = {
${entries}};

}  // namespace

std::span<const EmbeddedFile> embedded_files() {
  return files;
}

}  // namespace pipesim::published
")
