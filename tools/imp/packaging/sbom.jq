# The lists of the single programs as one: each component once, the programs below `imp-tools`.
. as $all |
(map(.metadata.component)) as $programs
| .[0]
| {
    bomFormat, specVersion, version: 1,
    metadata: {
      timestamp: $time,
      tools: .metadata.tools,
      component: {
        type: "application", name: "imp-tools", version: $version, "bom-ref": "imp-tools",
        licenses: [{license: {id: "MIT"}}]
      },
      # What the bytes of the programs depend on besides the sources.
      properties: [{name: "rustc", value: $rustc}, {name: "zig", value: $zig}]
    }
  }
+ {
    components: ([$all[] | .metadata.component, .components[]] | unique_by(."bom-ref")),
    dependencies: ([$all[].dependencies[]] | group_by(.ref)
      | map({ref: .[0].ref, dependsOn: (map(.dependsOn // []) | add | unique)})
      | [{ref: "imp-tools", dependsOn: ($programs | map(."bom-ref") | sort)}] + .)
  }
