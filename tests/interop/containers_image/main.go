// SPDX-License-Identifier: Apache-2.0

// Asks the policy of containers/image about images: POLICY.json REGISTRIES.d REF…, one line for each.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/containers/image/v5/docker"
	"github.com/containers/image/v5/image"
	"github.com/containers/image/v5/signature"
	"github.com/containers/image/v5/types"
)

func judge(pc *signature.PolicyContext, sys *types.SystemContext, name string) error {
	ref, err := docker.ParseReference("//" + name)
	if err != nil {
		return err
	}
	src, err := ref.NewImageSource(context.Background(), sys)
	if err != nil {
		return err
	}
	defer src.Close()
	allowed, err := pc.IsRunningImageAllowed(context.Background(), image.UnparsedInstance(src, nil))
	if err == nil && !allowed {
		return fmt.Errorf("not allowed")
	}
	return err
}

func main() {
	policy, err := signature.NewPolicyFromFile(os.Args[1])
	if err != nil {
		fmt.Println("policy:", err)
		os.Exit(2)
	}
	sys := &types.SystemContext{
		RegistriesDirPath:           os.Args[2],
		DockerInsecureSkipTLSVerify: types.OptionalBoolTrue,
	}
	pc, err := signature.NewPolicyContext(policy)
	if err != nil {
		fmt.Println("policy:", err)
		os.Exit(2)
	}
	defer pc.Destroy()
	for _, name := range os.Args[3:] {
		if err := judge(pc, sys, name); err != nil {
			fmt.Printf("refused %s: %v\n", name, err)
		} else {
			fmt.Printf("allowed %s\n", name)
		}
	}
}
