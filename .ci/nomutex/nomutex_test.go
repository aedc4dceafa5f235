package main

import (
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"
)

func TestEveryPlantedLockIsReported(t *testing.T) {
	analysistest.Run(t, analysistest.TestData(), Analyzer, "planted")
}

func TestOtherThingsOfPackageSyncAreFine(t *testing.T) {
	analysistest.Run(t, analysistest.TestData(), Analyzer, "clean")
}
