// Command nomutex reports every use of a lock of package sync in the packages
// it is given, their tests included:
//
//	nomutex ./...
//
// The rule goes by types, not by names: an alias, an embedded field, a dot
// import, or a lock that another package hands out is found as well.
package main

import "golang.org/x/tools/go/analysis/singlechecker"

func main() { singlechecker.Main(Analyzer) }
