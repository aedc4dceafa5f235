// Command doccheck holds the documents against what they speak of: links and anchors, commands and their flags,
// settings, names of the API, and figures, each of which has a command that makes it. It prints a line for each
// place that is wrong and exits with 1 if there is one. It asks no network.
//
//	go run ./internal/doccheck [DIRECTORY]
//
// A line of a block of code that begins with "$ " is a command; so is each one of a block that says it is sh. Three
// comments, each on a line of its own above a block, say what this program cannot know:
//
//	<!-- check: run -->          the commands are really run, and print what stands below them
//	<!-- check: settings -->     the numbers below are what the code sets, no measurements
//	<!-- check: elsewhere -->    the block shows another program's text, and names nothing of this project
//
// A block that is run has rpcproxy in its path and a directory of its own. What "cat FILE" prints is written
// to that file before. A line "..." stands for any lines, and each number for any number.
package main
