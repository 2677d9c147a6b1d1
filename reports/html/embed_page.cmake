# Writes a source file with the parts of the report's page in it, its scripts one behind the other:
#   cmake -D FOLDER=… -D SCRIPTS="a.js;b.js" -D OUTPUT=… -P embed_page.cmake
set(script "")
foreach(name IN LISTS SCRIPTS)
  file(READ ${FOLDER}/${name} text)
  string(APPEND script "${text}\n")
endforeach()
file(READ ${FOLDER}/page.html skeleton)
file(READ ${FOLDER}/style.css style)
file(WRITE ${OUTPUT} "#include \"reports/html/page_parts.hpp\"

namespace pipesim {

const std::string_view page_skeleton = R\"page(${skeleton})page\";

const std::string_view page_style = R\"page(${style})page\";

const std::string_view page_script = R\"page(${script})page\";

}  // namespace pipesim
")
