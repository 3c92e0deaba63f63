// Uploads a file and prints what the server said: Upload URL FILE [ROOT.pem]
//
// On a phone the task is one of the app's own, and the listener dispatches to whatever draws.

import Foundation
import Quintet

/// Hears the events on the engine's thread: it must return soon.
final class Printing: UploadListener {
    func onEvent(event: UploadEvent) throws {
        switch event {
        case .progress(let progress):
            print("\(progress.percent) %")
        case .retrying(let attempt, let afterMs, _):
            print("attempt \(attempt) in \(afterMs) ms")
        default:
            break
        }
    }
}

@main
struct Upload {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3 || arguments.count == 4 else {
            print("usage: Upload URL FILE [ROOT.pem]")
            exit(2)
        }
        var tls: TlsOptions?
        if arguments.count == 4 {
            tls = TlsOptions(rootsPem: [try String(contentsOfFile: arguments[3], encoding: .utf8)])
        }
        // One engine for an app.
        let engine = try UploadEngine(settings: EngineSettings(tls: tls))
        let request = UploadRequest(
            url: arguments[1],
            filePath: arguments[2],
            name: "photo",
            formData: [FormField(name: "album", value: "spring")],
            timeoutMs: 120_000
        )
        let task = engine.upload(request: request, listener: Printing())
        do {
            // From anywhere: task.abort(), task.pause(), task.resume().
            let response = try await task.response()
            print("\(response.status) \(response.data)")
        } catch UploadError.Failed(let failure) {
            print("failed: \(failure.errno) \(failure.reason) (\(failure.phase)) \(failure.detail)")
            exit(1)
        }
    }
}
