{
  "targets": [
    {
      "target_name": "gillnet",
      "type": "none",
      "actions": [
        {
          "action_name": "build with CMakeLists.txt",
          "inputs": ["CMakeLists.txt"],
          "outputs": [
            "build/Release/gillnet.node", "build/Release/gillnet_fingerprint.node",
            "build/Release/gillnet_terminal.node", "build/Release/gillnet_process.node"
          ],
          "action": ["node", "scripts/setup.mjs", "addon"]
        }
      ]
    }
  ]
}
