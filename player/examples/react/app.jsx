// Bundle with `esbuild app.jsx --bundle --format=esm --jsx=automatic --outfile=app.js` and put
// node_modules/camgate-player/dist/camgate.wasm beside app.js. Vite and webpack do that themselves.
import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { Camera } from './Camera.jsx';

function App() {
  const [shown, setShown] = useState(true);
  return (
    <main>
      <button onClick={() => setShown(!shown)}>{shown ? 'Hide' : 'Show'}</button>
      {shown && <Camera src="rtsp://192.168.1.10:554/stream" />}
    </main>
  );
}

createRoot(document.getElementById('root')).render(<StrictMode><App /></StrictMode>);
