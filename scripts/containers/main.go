// What Docker's own code makes of the container files, as JSON, without an engine.
//
//	go run . compose FILE [ENV_FILE]   the services as `docker compose config` sees them; all profiles
//	go run . dockerfile FILE           stages and instructions as BuildKit parses them
//	go run . context FOLDER            files that .dockerignore lets into a build
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

func main() {
	ask := map[string]func([]string) (any, error){
		"compose": compose, "dockerfile": dockerfile, "context": buildContext,
	}
	if len(os.Args) < 3 || ask[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "expected compose FILE [ENV_FILE], dockerfile FILE or context FOLDER")
		os.Exit(2)
	}
	answer, err := ask[os.Args[1]](os.Args[2:])
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(answer)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// The environment is the file's alone, so that the answer is the same everywhere.
func compose(args []string) (any, error) {
	options := []cli.ProjectOptionsFn{
		cli.WithWorkingDirectory(filepath.Dir(args[0])),
		cli.WithProfiles([]string{"*"}),
		cli.WithResolvedPaths(false),
	}
	if len(args) > 1 {
		options = append(options, cli.WithEnvFiles(args[1]), cli.WithDotEnv)
	}
	chosen, err := cli.NewProjectOptions([]string{args[0]}, options...)
	if err != nil {
		return nil, err
	}
	return chosen.LoadProject(context.Background())
}

type instruction struct {
	Name string   `json:"name"`
	Args []string `json:"args"`
	// A RUN's, CMD's or ENTRYPOINT's words are given to a shell.
	Shell bool   `json:"shell,omitempty"`
	From  string `json:"from,omitempty"`
	Line  int    `json:"line"`
}

type stage struct {
	Name         string        `json:"name"`
	Base         string        `json:"base"`
	Instructions []instruction `json:"instructions"`
}

func dockerfile(args []string) (any, error) {
	source, err := os.ReadFile(args[0])
	if err != nil {
		return nil, err
	}
	parsed, err := parser.Parse(bytes.NewReader(source))
	if err != nil {
		return nil, err
	}
	var found []string
	lint := linter.New(&linter.Config{
		Warn: func(rule, _, _, message string, place []parser.Range) {
			line := 0
			if len(place) > 0 {
				line = place[0].Start.Line
			}
			found = append(found, fmt.Sprintf("line %d: %s: %s", line, rule, message))
		},
	})
	parsedStages, _, err := instructions.Parse(parsed.AST, lint)
	if err != nil {
		return nil, err
	}
	for _, warning := range parsed.Warnings {
		found = append(found, warning.Short)
	}
	if len(found) > 0 {
		return nil, fmt.Errorf("%s", strings.Join(found, "\n"))
	}
	stages := []stage{}
	environments := map[string][]string{}
	for _, each := range parsedStages {
		read := stage{Name: each.Name, Base: each.BaseName, Instructions: []instruction{}}
		environment := append([]string{}, environments[each.BaseName]...)
		for _, command := range each.Commands {
			if err := expand(command, environment); err != nil {
				return nil, err
			}
			if env, ok := command.(*instructions.EnvCommand); ok {
				for _, pair := range env.Env {
					environment = append(environment, pair.Key+"="+pair.Value)
				}
			}
			one, err := readInstruction(command)
			if err != nil {
				return nil, err
			}
			read.Instructions = append(read.Instructions, one)
		}
		environments[each.Name] = environment
		stages = append(stages, read)
	}
	return stages, nil
}

// Takes off quotes and fills in variables, as BuildKit does before it builds.
func expand(command instructions.Command, environment []string) error {
	words, can := command.(instructions.SupportsSingleWordExpansion)
	if !can {
		return nil
	}
	lex := shell.NewLex('\\')
	return words.Expand(func(word string) (string, error) {
		result, _, err := lex.ProcessWord(word, shell.EnvsFromSlice(environment))
		return result, err
	})
}

// An instruction that the check could only pass over is refused.
func readInstruction(command instructions.Command) (instruction, error) {
	one := instruction{Name: strings.ToUpper(command.Name()), Line: command.Location()[0].Start.Line}
	pairs := func(list instructions.KeyValuePairs) {
		for _, pair := range list {
			one.Args = append(one.Args, pair.Key, pair.Value)
		}
	}
	switch each := command.(type) {
	case *instructions.RunCommand:
		if len(each.Files) > 0 || len(each.FlagsUsed) > 0 {
			return one, fmt.Errorf("line %d: RUN with flags or heredocs can't be checked", one.Line)
		}
		one.Args, one.Shell = each.CmdLine, each.PrependShell
	case *instructions.CopyCommand:
		if each.Chmod != "" || each.Chown != "" || len(each.SourceContents) > 0 || len(each.ExcludePatterns) > 0 {
			return one, fmt.Errorf("line %d: COPY with these flags can't be checked", one.Line)
		}
		one.From = each.From
		one.Args = append(append(one.Args, each.SourcePaths...), each.DestPath)
	case *instructions.EnvCommand:
		pairs(each.Env)
	case *instructions.LabelCommand:
		pairs(each.Labels)
	case *instructions.WorkdirCommand:
		one.Args = []string{each.Path}
	case *instructions.UserCommand:
		one.Args = []string{each.User}
	case *instructions.ShellCommand:
		one.Args = each.Shell
	case *instructions.EntrypointCommand:
		one.Args, one.Shell = each.CmdLine, each.PrependShell
	case *instructions.CmdCommand:
		one.Args, one.Shell = each.CmdLine, each.PrependShell
	default:
		return one, fmt.Errorf("line %d: %s can't be checked", one.Line, one.Name)
	}
	return one, nil
}

func buildContext(args []string) (any, error) {
	list, err := os.Open(filepath.Join(args[0], ".dockerignore"))
	if err != nil {
		return nil, err
	}
	defer list.Close()
	patterns, err := ignorefile.ReadAll(list)
	if err != nil {
		return nil, err
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return nil, err
	}
	files := []string{}
	err = filepath.WalkDir(args[0], func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		below, err := filepath.Rel(args[0], name)
		if err != nil {
			return err
		}
		ignored, err := matcher.MatchesOrParentMatches(below)
		if err == nil && !ignored {
			files = append(files, below)
		}
		return err
	})
	return files, err
}
