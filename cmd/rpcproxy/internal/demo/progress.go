package main

import (
	"fmt"
	"strings"
)

// progress is the line that is drawn while an act plays: how far the play is,
// and what the act's calls do. It fits into 79 columns with the spinner.
func progress(st *stage, a *account, index, acts int) string {
	bar := strings.Repeat("#", index+1) + strings.Repeat("-", acts-index-1)
	now := st.books.read(a)
	return fmt.Sprintf("[%s] %-27s %6d calls %3d failed %3d open", bar, a.name, now.calls, now.failed, now.open)
}
