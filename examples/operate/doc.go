// Package operate shows what an agent does about errors, certificates, its log, and what it shows of itself.
package operate
