# In the order in which they stand in the page.
set(page_scripts main.js)
